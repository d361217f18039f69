# SPDX-License-Identifier: Apache-2.0
"""How much one bridge has to do, now and over the last day, from what its metrics count.

The metrics are read every two seconds: nothing is noted on the way of an event.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Final

LOOK_SECONDS: Final = 2.0
NOW: Final = timedelta(seconds=30)
"""What is said of now is the mean of so long."""

DAY: Final = timedelta(days=1)
MOST_LOOKS: Final = 720
"""Of so many at most a day is remembered: every second one is forgotten beyond."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What was counted since the bridge started.

    Attributes:
        attempts: That ended.
        bounds: Seconds, growing; the last one is infinite.
        within: For each bound, attempts that took no longer.
    """

    events: float = 0
    attempts: float = 0
    succeeded: float = 0
    bounds: tuple[float, ...] = (math.inf,)
    within: tuple[float, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Span:
    """What happened between two looks.

    Attributes:
        lasted: Never nothing.
    """

    ends_at: datetime
    lasted: timedelta
    first: Totals
    last: Totals

    @property
    def events_per_second(self) -> float:
        """Events taken in."""
        return (self.last.events - self.first.events) / self.lasted.total_seconds()

    @property
    def attempts_per_second(self) -> float:
        """Attempts that ended."""
        return self.attempts / self.lasted.total_seconds()

    @property
    def attempts(self) -> float:
        """How many attempts ended."""
        return self.last.attempts - self.first.attempts

    @property
    def success(self) -> float | None:
        """The share of attempts that succeeded, 0 to 1; None: there were none."""
        if not self.attempts:
            return None
        return (self.last.succeeded - self.first.succeeded) / self.attempts

    def seconds(self, share: float) -> float | None:
        """Return how long that share of the attempts took at most, about.

        Between two bounds they are taken to be spread evenly. None: there were none.
        """
        wanted = share * self.attempts
        below, start = 0.0, 0.0
        for bound, last, first in zip(
            self.last.bounds, self.last.within, self._first_within(), strict=True
        ):
            count = last - first
            if count >= wanted and count > below:
                if math.isinf(bound):
                    return start
                return start + (bound - start) * (wanted - below) / (count - below)
            below, start = count, bound
        return None

    def _first_within(self) -> Sequence[float]:
        known = self.first.within
        return (
            known
            if len(known) == len(self.last.within)
            else [0] * len(self.last.within)
        )


@dataclass(slots=True)
class Pulse:
    """Remembers the latest half minute of looks, and of a day as many as there is room for.

    A young bridge's are two seconds apart, so that its first minutes have a shape; those of
    a bridge that has run for a day are two minutes apart.

    Attributes:
        began_at: When it was first looked.
    """

    read: Callable[[], Totals]
    now: Callable[[], datetime]
    began_at: datetime = field(init=False)
    _near: deque[tuple[datetime, Totals]] = field(default_factory=deque)
    _far: deque[tuple[datetime, Totals]] = field(default_factory=deque)
    _step: timedelta = timedelta(seconds=LOOK_SECONDS)

    def __post_init__(self) -> None:
        self.began_at = self.now()
        start = self.began_at, self.read()
        self._near.append(start)
        self._far.append(start)

    def look(self) -> None:
        """Take note of how it stands."""
        at = self.now()
        self._near.append((at, self.read()))
        while len(self._near) > 2 and at - self._near[1][0] >= NOW:  # noqa: PLR2004 - one span
            self._near.popleft()
        if at - self._far[-1][0] >= self._step:
            self._far.append(self._near[-1])
        while at - self._far[0][0] > DAY:
            self._far.popleft()
        if len(self._far) > MOST_LOOKS:
            self._far = deque(islice(self._far, 0, None, 2))
            self._step *= 2

    def latest(self) -> Span:
        """Return the last half minute, or what there was of it."""
        return _span(self._near[0], self._near[-1])

    def day(self) -> Span:
        """Return the last day, or what there was of it."""
        return _span(self._far[0], self._near[-1])

    def course(self, steps: int) -> list[Span]:
        """Return what there was of the last day as at most so many spans."""
        marks = list(self._far)
        if self._near[-1][0] > marks[-1][0]:
            marks.append(self._near[-1])
        every = max(1, math.ceil((len(marks) - 1) / steps))
        picked, rest = marks[::every], (len(marks) - 1) % every
        if rest and rest < every / 2 and len(picked) > 1:
            picked.pop()  # a short last span would be all chance
        if rest:
            picked.append(marks[-1])
        return [_span(a, b) for a, b in pairwise(picked)] or [self.day()]

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()


def _span(first: tuple[datetime, Totals], last: tuple[datetime, Totals]) -> Span:
    lasted = max(last[0] - first[0], timedelta(seconds=1))
    return Span(last[0], lasted, first[1], last[1])
