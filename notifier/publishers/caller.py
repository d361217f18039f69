# SPDX-License-Identifier: Apache-2.0
"""The seam of those publishers that can wait for what listeners answer."""

from datetime import timedelta
from typing import Protocol, runtime_checkable

from notifier.event import Event
from notifier.publishers.publisher import Publisher
from notifier.verdict import Answer


@runtime_checkable
class Caller(Protocol):
    """Brings an event to the bus and waits. Safe to share between threads."""

    def call(self, event: Event, *, timeout: timedelta) -> tuple[Answer, ...] | None:
        """Return what every listener that was asked has said; None: nobody in time.

        Empty where nobody had to be asked. Blocks up to `timeout` (and not noticeably
        longer). Also in order behind what this thread has published before.

        Raises:
            InvalidEvent: It does not fit the bus; it was not sent.
            PublishError: As `Publisher.publish` says it; it may have arrived all the
                same.
        """


class CallingPublisher(Publisher, Caller, Protocol):
    """A publisher that can do both."""
