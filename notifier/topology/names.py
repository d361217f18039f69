# SPDX-License-Identifier: Apache-2.0
"""The names on the bus, and their limits."""

from typing import Final

EXCHANGE: Final = "workflow.events"
"""Durable topic exchange that every event is published to."""

DEAD_EXCHANGE: Final = "workflow.events.dead"
"""Durable fanout exchange for messages that are no events."""

BRIDGE_QUEUE: Final = "bridge"
"""Durable queue that the bridges consume."""

QUARANTINE_QUEUE: Final = "workflow.events.quarantine"
"""Durable queue that keeps what `DEAD_EXCHANGE` is given."""

MAX_KEY_BYTES: Final = 255  # an AMQP short string (AMQP 0-9-1 §4.2.5.3)
