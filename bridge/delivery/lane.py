# SPDX-License-Identifier: Apache-2.0
"""The lane of one listener: how many calls run at once, and what waits for a slot.

Pure: no clock, no I/O. While deliveries that were parked in the database are due, fresh
ones leave half of the slots to them, so that neither starves the other; where calls a
second are counted, they leave all of them, and queue up in the database too.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Generic, Protocol, TypeVar

from bridge.delivery.gate import Gate
from bridge.model import Outcome

MAX_WAITING: Final = 512
MAX_WAITING_BYTES: Final = 4 * 1024 * 1024

# How much the latest call weighs in the average of their durations.
_WEIGHT: Final = 0.2


class Place(Enum):
    """Where a fresh delivery goes."""

    SLOT = "slot"
    LINE = "line"
    PARKED = "parked"


class Waiting(Protocol):
    """What a lane needs to know of a delivery."""

    @property
    def size(self) -> int:
        """Bytes that it keeps in memory."""

    @property
    def was_parked(self) -> bool:
        """Whether it came from the database."""


T = TypeVar("T", bound=Waiting)


@dataclass(slots=True)
class _Slots:
    fresh: int = 0
    due: int = 0

    @property
    def taken(self) -> int:
        return self.fresh + self.due


class Lane(Generic[T]):
    """Slots and lines of one listener.

    Args:
        gate: Says how many may begin.
        wait: A fresh delivery that would wait longer than this is parked.

    Attributes:
        gate: As given.
        wait: As given; may change.
        has_backlog: Whether parked deliveries are due.
    """

    def __init__(self, gate: Gate, wait: timedelta) -> None:
        self.gate = gate
        self.has_backlog = False
        self.wait = wait
        self._running = _Slots()
        self._probe: T | None = None
        self._fresh: deque[T] = deque()
        self._due: deque[T] = deque()
        self._fresh_bytes = 0
        self._average = 0.0  # seconds

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs or waits."""
        return not (self._running.taken or self._fresh or self._due)

    @property
    def waiting(self) -> int:
        """How many wait, fresh and due."""
        return len(self._fresh) + len(self._due)

    def room_for_due(self, now: datetime) -> int:
        """Return how many due deliveries may be taken from the database now.

        Up to their half of the slots they are taken ahead, and have the next slots.
        """
        gate = self.gate
        if gate.breaker.is_closed:
            free = gate.slots - self._running.taken
            theirs = max(1, gate.slots // 2) - self._running.due
            room = min(max(free, theirs), gate.calls(now))
        else:
            room = gate.room(0, now)
        return max(0, room - len(self._due))

    def offer(self, item: T, now: datetime) -> Place:
        """Give a fresh delivery a slot, a place in the line, or neither."""
        if not self._fresh and self._has_slot_for_fresh(now):
            self._begin_fresh(item, now)
            return Place.SLOT
        if self._is_long(item, now):
            return Place.PARKED
        self._fresh.append(item)
        self._fresh_bytes += item.size
        return Place.LINE

    def offer_due(self, item: T) -> None:
        """Let a delivery from the database have the next slot; see `take`."""
        self._due.append(item)

    def take(self, now: datetime) -> T | None:
        """Return the next one that may start now, if there is one."""
        if self._due and self.gate.room(self._running.taken, now):
            self._running.due += 1
            item = self._due.popleft()
            self._begin(item, now)
            return item
        if self._fresh and self._has_slot_for_fresh(now):
            item = self._fresh.popleft()
            self._fresh_bytes -= item.size
            self._begin_fresh(item, now)
            return item
        return None

    def end(self, item: T, outcome: Outcome, now: datetime) -> list[T]:
        """Give back the slot of a call; return who can wait here no longer."""
        if item.was_parked:
            self._running.due -= 1
        else:
            self._running.fresh -= 1
        seconds = outcome.duration.total_seconds()
        self._average += (seconds - self._average) * _WEIGHT
        is_probe = item is self._probe
        if is_probe:
            self._probe = None
        self.gate.end(outcome, now, is_probe=is_probe)
        return [] if self.gate.breaker.is_closed else self.clear()

    def leave(self, item: T) -> bool:
        """Take a fresh delivery out of the line; tell whether it was there."""
        try:
            self._fresh.remove(item)
        except ValueError:
            return False
        self._fresh_bytes -= item.size
        return True

    def clear(self) -> list[T]:
        """Empty both lines, and return who waited there."""
        items = [*self._due, *self._fresh]
        self._due.clear()
        self._fresh.clear()
        self._fresh_bytes = 0
        return items

    def _begin_fresh(self, item: T, now: datetime) -> None:
        self._running.fresh += 1
        self._begin(item, now)

    def _begin(self, item: T, now: datetime) -> None:
        if self.gate.begin(now):
            self._probe = item

    def _has_slot_for_fresh(self, now: datetime) -> bool:
        if not self.gate.room(self._running.taken, now):
            return False
        if not self.has_backlog:
            return True
        half = (self.gate.slots + 1) // 2
        return not self.gate.is_paced and self._running.fresh < half

    def _is_long(self, item: T, now: datetime) -> bool:
        gate, place = self.gate, len(self._fresh) + 1
        if not gate.breaker.is_closed or (gate.is_paced and self.has_backlog):
            return True
        if place > MAX_WAITING or self._fresh_bytes + item.size > MAX_WAITING_BYTES:
            return True
        seconds = self._average * place / gate.slots
        return seconds > self.wait.total_seconds() or gate.wait(place, now) > self.wait
