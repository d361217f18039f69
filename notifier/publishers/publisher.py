# SPDX-License-Identifier: Apache-2.0
"""The seam that every way of publishing fits behind."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from notifier.event import Event


class Publisher(Protocol):
    """Brings events to the bus, confirmed. Safe to share between threads."""

    def publish(self, events: Sequence[Event], *, timeout: timedelta) -> None:
        """Return once the bus has taken every event for good.

        Events of one execution arrive in the order given, and in the order of calls
        from one thread. Blocks up to `timeout` (and not noticeably longer).

        Raises:
            InvalidEvent: One of them does not fit the bus; none was sent.
            Unroutable: The bus has no queue for some of them.
            Refused: The bus answered no for some of them.
            Unreachable: The bus did not confirm some of them in time; they may have
                arrived all the same.
            PublishError: Any of the three above; ``event_ids`` names those events,
                all others were confirmed.
        """

    def close(self) -> None:
        """Let go of connections. Blocks shortly; may be called twice."""
