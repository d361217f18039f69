# SPDX-License-Identifier: Apache-2.0
"""Moves events from an outbox to the bus, in order, each at least once."""

import notifier.publishers.outbox  # noqa: F401 - says what to install, if SQLAlchemy is missing
from notifier.relay.opening import create, statements
from notifier.relay.relay import Relay, Tally

__all__ = ["Relay", "Tally", "create", "statements"]
