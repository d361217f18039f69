# SPDX-License-Identifier: Apache-2.0
"""Shares a bounded number of places among endpoints, so that none takes them all.

No endpoint holds more places than are free, but each may hold one. Alone it has half of
them; of four that never let go each has a fifth, and a fifth is left for the others.
Those who wait are served in turn, endpoint by endpoint. Pure: no clock, no threads.
"""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Shares(Generic[K, T]):
    """Places, and who waits for one.

    Args:
        places: How many there are, 1 or more.

    Example:
        >>> shares: Shares[str, int] = Shares(3)
        >>> [shares.enter("slow", n) for n in range(3)], shares.enter("other", 3)
        ([True, True, False], True)
        >>> shares.leave("slow"), shares.leave("other")
        ([], [2])
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._held: dict[K, int] = {}
        self._lines: dict[K, deque[T]] = {}  # in the order of their turns

    def enter(self, key: K, item: T) -> bool:
        """Take a place for an item of an endpoint, or let it wait; tell which."""
        if key not in self._lines and self._may_take(key):
            self._take(key)
            return True
        self._lines.setdefault(key, deque()).append(item)
        return False

    def leave(self, key: K) -> list[T]:
        """Give an endpoint's place back; return the items that have one now."""
        self._free += 1
        left = self._held.pop(key) - 1
        if left:
            self._held[key] = left
        begun: list[T] = []
        while (found := self._next()) is not None:
            begun.append(found)
        return begun

    def _next(self) -> T | None:
        for key, line in self._lines.items():
            if not self._free:
                return None
            if self._may_take(key):
                del self._lines[key]
                item = line.popleft()
                if line:
                    self._lines[key] = line  # the others have their turns first
                self._take(key)
                return item
        return None

    def _may_take(self, key: K) -> bool:
        held = self._held.get(key, 0)
        return self._free > 0 and held < max(1, self._free)

    def _take(self, key: K) -> None:
        self._free -= 1
        self._held[key] = self._held.get(key, 0) + 1
