# SPDX-License-Identifier: Apache-2.0
"""Wakes the threads whose messages are settled, each by the one before it.

Woken all at once, they would fall over each other for the interpreter, and be twice as
long about it. The link's lock guards it.
"""

from collections import deque

from notifier.publishers.ticket import Ticket


class Waking:
    """A row of sleepers; at most one of them was woken and is not up yet."""

    def __init__(self) -> None:
        self._row: deque[Ticket] = deque()
        self._woken: Ticket | None = None

    def add(self, ticket: Ticket) -> None:
        """Put one at the end of the row."""
        self._row.append(ticket)

    def go_on(self) -> None:
        """Wake the next one, unless one that was woken will do so."""
        while self._woken is None and self._row:
            ticket = self._row.popleft()
            if not ticket.is_gone:
                self._woken = ticket
                ticket.wake()

    def leave(self, ticket: Ticket) -> None:
        """Go on after one whose call is over, whoever or whatever ended its sleep."""
        if self._woken is ticket:
            self._woken = None
        self.go_on()
