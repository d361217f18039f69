# SPDX-License-Identifier: Apache-2.0
"""Remembers which events were recorded lately, so that copies of them are recognised.

It keeps one number for an event, not its name. Two events of one number, or a copy that
is taken for new, do no harm beyond a question to the database, or a delivery that has
the same ``webhook-id``.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from bridge.model import EventKey

EVENTS: Final = 100_000
SPAN: Final = timedelta(minutes=10)


class Window:
    """The latest events; lives on the event loop.

    Args:
        events: So many are remembered at most.
        span: So long at most.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        events: int = EVENTS,
        span: timedelta = SPAN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._events = events
        self._seconds = span.total_seconds()
        self._clock = clock
        self._noted: OrderedDict[int, float] = OrderedDict()  # the oldest first

    def __contains__(self, key: EventKey) -> bool:
        noted = self._noted.get(hash(key))
        return noted is not None and noted > self._clock() - self._seconds

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, key: EventKey) -> None:
        """Remember an event from now on."""
        now = self._clock()
        self._keep(key, now)
        self._drop(now)

    def recall(self, events: Iterable[tuple[EventKey, timedelta]]) -> None:
        """Take over what was recorded before, the oldest first, with its age."""
        now = self._clock()
        for key, age in events:
            self._keep(key, now - age.total_seconds())
        self._drop(now)

    def _keep(self, key: EventKey, when: float) -> None:
        number = hash(key)
        self._noted[number] = when
        self._noted.move_to_end(number)

    def _drop(self, now: float) -> None:
        while self._noted:
            oldest = next(iter(self._noted.values()))
            if len(self._noted) <= self._events and oldest > now - self._seconds:
                return
            self._noted.popitem(last=False)
