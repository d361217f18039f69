# SPDX-License-Identifier: Apache-2.0
"""What waits and what is under way on one channel, and what each answer means.

::

    added ──▶ waiting ──▶ under way ──▶ confirmed | unroutable
                 ▲            │
                 └── nack, connection lost, channel closed by another message

No input, no output and no clock. Messages of one key keep their order: those that go
back to wait go in front, and a key whose message was refused is held for a while.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from notifier.errors import Refused, Unroutable
from notifier.publishers.outgoing import Outgoing
from notifier.publishers.ticket import Entry

MAX_UNDER_WAY: Final = 1000
MAX_BYTES_AT_ONCE: Final = 256 * 1024
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0

# Written one by one, messages would cost more than in parts of what is under way; kept
# until an answer comes, they would leave the broker without work.
_WORTH: Final = 4


class Window:
    """The messages of one channel in confirm mode."""

    def __init__(self) -> None:
        self._waiting: deque[Entry] = deque()
        self._held: dict[str, float] = {}
        self._one_by_one = 0
        self._under_way: dict[int, Entry] = {}
        self._last = 0
        self._lowest = 1
        self._returned = 0

    def is_held(self, key: str) -> bool:
        """Tell whether messages of a key wait because one of them was refused."""
        return key in self._held

    @property
    def is_worth_writing(self) -> bool:
        """Tell whether so much waits, beside what is under way, that it is to leave."""
        return len(self._waiting) * _WORTH >= len(self._under_way)

    def add(self, entries: Iterable[Entry]) -> None:
        """Put messages at the end of those that wait."""
        self._waiting.extend(entries)

    def take(self, now: float) -> list[Entry]:
        """Return what is to be written now, all of it and in this order."""
        self._release(now)
        room, size = self._room(), MAX_BYTES_AT_ONCE
        taken: list[Entry] = []
        passed: list[Entry] = []
        while self._waiting and len(taken) < room and size > 0:
            entry = self._waiting.popleft()
            if entry.is_settled:
                continue  # its caller gave up
            if entry.message.key in self._held:
                passed.append(entry)
                continue
            size -= len(entry.frames)
            self._last += 1
            self._under_way[self._last] = entry
            entry.is_returned = False
            taken.append(entry)
        self._waiting.extendleft(reversed(passed))
        return taken

    def confirmed(self, tag: int, *, multiple: bool) -> None:
        """Settle one message, or all up to it."""
        for _, entry in self._pop(tag, multiple=multiple):
            if not entry.is_settled:
                entry.settle(_unroutable(entry) if entry.is_returned else None)

    def returned(self, routing_key: str, message_id: str | None) -> None:
        """Remember that no queue took a message; its confirm is still to come.

        The broker returns in the order of publishing, so the search goes on behind
        the message that was returned last.
        """
        for tag in range(self._returned + 1, self._last + 1):
            entry = self._under_way.get(tag)
            if entry is not None and _is(entry.message, routing_key, message_id):
                entry.is_returned = True
                self._returned = tag
                return

    def nacked(self, tag: int, now: float, *, multiple: bool) -> None:
        """Send one message, or all up to it, again later.

        What is under way behind them, of the same keys, is sent again behind them: a
        consumer sees the right order at last, if not at first.
        """
        back = dict(self._pop(tag, multiple=multiple))
        first: dict[str, int] = {}
        for one, entry in back.items():
            if first.setdefault(entry.message.key, one) == one:
                pause = FIRST_PAUSE_SECONDS * 2**entry.nacks
                self._held[entry.message.key] = now + min(pause, LONGEST_PAUSE_SECONDS)
                entry.nacks += 1
        for one, entry in list(self._under_way.items()):
            if one > first.get(entry.message.key, self._last):
                back[one] = self._under_way.pop(one)
        self._put_back([back[one] for one in sorted(back)])

    def lost(self) -> None:
        """Send again all that is under way: the connection is gone."""
        entries = list(self._under_way.values())
        self._restart()
        self._put_back(entries)

    def rejected(self, fault: str, *, are_all: bool) -> None:
        """The broker closed the channel because of one of the messages under way.

        It does not say which one. So they go again one by one, and the next time it
        is the only one.

        Args:
            fault: In the broker's words.
            are_all: Whether the fault is that of every message.
        """
        entries = list(self._under_way.values())
        if not are_all and len(entries) > 1:
            self.lost()
            self._one_by_one = len(entries)
            return
        self._restart()
        self._one_by_one = max(self._one_by_one - len(entries), 0)
        for entry in entries:
            if not entry.is_settled:
                entry.settle(Refused(fault, [entry.message.id]))

    def refuse_all(self, fault: str) -> None:
        """Settle all: the broker would take none of them."""
        self.lost()
        for entry in self._waiting:
            if not entry.is_settled:
                entry.settle(Refused(fault, [entry.message.id]))
        self._waiting.clear()

    def _restart(self) -> None:
        """Count from the start, as a new channel does."""
        self._under_way = {}
        self._last = 0
        self._lowest = 1
        self._returned = 0

    def _release(self, now: float) -> None:
        """Let go of keys whose pause is over, and of which nothing is under way."""
        if self._held:
            under_way = {entry.message.key for entry in self._under_way.values()}
            self._held = {
                key: due
                for key, due in self._held.items()
                if due > now or key in under_way
            }

    def _room(self) -> int:
        if self._one_by_one:
            return 0 if self._under_way else 1
        return MAX_UNDER_WAY - len(self._under_way)

    def _pop(self, tag: int, *, multiple: bool) -> list[tuple[int, Entry]]:
        tags: Sequence[int] = range(self._lowest, tag + 1) if multiple else (tag,)
        popped = [(t, self._under_way.pop(t)) for t in tags if t in self._under_way]
        if multiple or tag == self._lowest:
            self._lowest = tag + 1
        if not self._under_way:
            self._lowest = self._last + 1
        self._one_by_one = max(self._one_by_one - len(popped), 0)
        return popped

    def _put_back(self, entries: Sequence[Entry]) -> None:
        self._waiting.extendleft(e for e in reversed(entries) if not e.is_settled)


def _is(message: Outgoing, routing_key: str, message_id: str | None) -> bool:
    return (
        message.routing_key == routing_key
        and message.properties.get("message_id") == message_id
    )


def _unroutable(entry: Entry) -> Unroutable:
    message = entry.message
    return Unroutable(
        f"no queue of {message.exchange} is bound for {message.routing_key}",
        [message.id],
    )
