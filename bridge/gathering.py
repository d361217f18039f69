# SPDX-License-Identifier: Apache-2.0
"""Gathers what comes within one turn of the event loop, to be handled together.

Whoever does one thing for all of them, then the next, needs two thirds of the time of who
does everything for one before the next: the processor finds the code that it needs still
at hand.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Gathering(Generic[T]):
    """Lives on the event loop.

    Args:
        take: Called with all that came, in its order, once for each turn in which
            something did.
    """

    def __init__(self, take: Callable[[Sequence[T]], None]) -> None:
        self._take = take
        self._came: list[T] = []

    def add(self, one: T) -> None:
        """Have it handled with the others of this turn, soon."""
        self._came.append(one)
        if len(self._came) == 1:
            asyncio.get_running_loop().call_soon(self._hand_on)

    def _hand_on(self) -> None:
        came, self._came = self._came, []
        self._take(came)
