# SPDX-License-Identifier: Apache-2.0
"""What one call wants sent on one link, and what became of it.

The link's lock guards it; only `wait` is called without.
"""

import threading
from collections.abc import Callable, Iterable

from notifier.errors import PublishError
from notifier.publishers.outgoing import Outgoing


class Entry:
    """One message of a ticket."""

    __slots__ = (
        "error",
        "frames",
        "is_returned",
        "is_settled",
        "message",
        "nacks",
        "ticket",
    )

    def __init__(self, message: Outgoing, frames: bytes, ticket: "Ticket") -> None:
        self.message = message
        self.frames = frames
        self.ticket = ticket
        self.nacks = 0
        self.is_returned = False
        self.is_settled = False
        self.error: PublishError | None = None

    def settle(self, error: PublishError | None = None) -> None:
        """Keep the outcome, and tell the ticket."""
        self.is_settled = True
        self.error = error
        self.ticket.count_down()
        del self.ticket  # a circle would wait for the garbage collector


class Ticket:
    """What one call wants sent; its thread sleeps on it.

    Args:
        messages: Each with its frames.
        on_settled: Called once every message has its outcome.
    """

    __slots__ = ("_asleep", "_left", "_on_settled", "entries", "is_gone")

    def __init__(
        self,
        messages: Iterable[tuple[Outgoing, bytes]],
        on_settled: "Callable[[Ticket], None]",
    ) -> None:
        self.entries = [Entry(message, frames, self) for message, frames in messages]
        self.is_gone = False
        """Whether its call is over, and nobody sleeps on it."""
        self._left = len(self.entries)
        self._on_settled = on_settled
        self._asleep = threading.Lock()
        self._asleep.acquire()

    @property
    def is_settled(self) -> bool:
        """Whether every message has its outcome."""
        return self._left == 0

    @property
    def is_asleep(self) -> bool:
        """Whether `wait` would sleep."""
        return self._asleep.locked()

    @property
    def errors(self) -> list[PublishError | None]:
        """What went wrong, one for each message; None is success."""
        return [entry.error for entry in self.entries]

    def count_down(self) -> None:
        """Take note that one more message is settled."""
        self._left -= 1
        if not self._left:
            self._on_settled(self)

    def give_up(self, error: Callable[[Entry], PublishError]) -> None:
        """Settle what is not settled yet."""
        self.is_gone = True
        if self._left:
            for entry in self.entries:
                if not entry.is_settled:
                    entry.settle(error(entry))

    def wait(self, seconds: float) -> None:
        """Sleep until woken, at most so long."""
        self._asleep.acquire(timeout=max(seconds, 0))

    def wake(self) -> None:
        """End the sleep, or the next one at its start. Not called by two at once."""
        if self.is_asleep:
            self._asleep.release()
