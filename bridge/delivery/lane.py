# SPDX-License-Identifier: Apache-2.0
"""The lane of one listener: how many calls run at once, and what waits for a slot.

Pure: no clock, no I/O. While deliveries that were parked in the database are due, fresh
ones leave half of the slots to them, so that neither starves the other.
"""

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final, Generic, Protocol, TypeVar

MAX_WAITING: Final = 256
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
        slots: Calls at once, at least 1.
        wait: A fresh delivery that would wait longer than this is parked.

    Attributes:
        slots: As given; may change.
        wait: As given; may change.
        has_backlog: Whether parked deliveries are due.
    """

    def __init__(self, slots: int, wait: timedelta) -> None:
        self.slots = slots
        self.has_backlog = False
        self.wait = wait
        self._running = _Slots()
        self._fresh: deque[T] = deque()
        self._due: deque[T] = deque()
        self._fresh_bytes = 0
        self._average = timedelta(0)

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs or waits."""
        return not (self._running.taken or self._fresh or self._due)

    @property
    def waiting(self) -> int:
        """How many wait, fresh and due."""
        return len(self._fresh) + len(self._due)

    @property
    def room_for_due(self) -> int:
        """How many due deliveries may be taken from the database now.

        Up to their half of the slots they are taken ahead, and have the next slots.
        """
        free = self.slots - self._running.taken
        theirs = max(1, self.slots // 2) - self._running.due
        return max(0, max(free, theirs) - len(self._due))

    def offer(self, item: T) -> Place:
        """Give a fresh delivery a slot, a place in the line, or neither."""
        if self._has_slot_for_fresh and not self._fresh:
            self._running.fresh += 1
            return Place.SLOT
        if self._is_long(item):
            return Place.PARKED
        self._fresh.append(item)
        self._fresh_bytes += item.size
        return Place.LINE

    def offer_due(self, item: T) -> None:
        """Let a delivery from the database have the next slot; see `take`."""
        self._due.append(item)

    def take(self) -> T | None:
        """Return the next one that may start now, if there is one."""
        if self._due and self._running.taken < self.slots:
            self._running.due += 1
            return self._due.popleft()
        if self._fresh and self._has_slot_for_fresh:
            self._running.fresh += 1
            item = self._fresh.popleft()
            self._fresh_bytes -= item.size
            return item
        return None

    def end(self, item: T, duration: timedelta) -> None:
        """Give back the slot of a call that took so long."""
        if item.was_parked:
            self._running.due -= 1
        else:
            self._running.fresh -= 1
        self._average += (duration - self._average) * _WEIGHT

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

    @property
    def _has_slot_for_fresh(self) -> bool:
        if self._running.taken >= self.slots:
            return False
        return not self.has_backlog or self._running.fresh < (self.slots + 1) // 2

    def _is_long(self, item: T) -> bool:
        if len(self._fresh) >= MAX_WAITING:
            return True
        if self._fresh_bytes + item.size > MAX_WAITING_BYTES:
            return True
        return self._average * (len(self._fresh) + 1) / self.slots > self.wait
