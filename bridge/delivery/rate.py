# SPDX-License-Identifier: Apache-2.0
"""How many calls a second an endpoint is given: a bucket that fills over time, pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

BURST: Final = timedelta(seconds=0.5)
"""Who was quiet for so long may be called as often at once, and once in any case."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What is left of a rate.

    Attributes:
        per_second: Calls that come to it, over 0.
        left: Calls that were left at a time.
        at: That time.
    """

    per_second: float
    left: float
    at: datetime

    @classmethod
    def full(cls, per_second: float, now: datetime) -> "Rate":
        """Return one that nobody has used yet."""
        return cls(per_second, _most(per_second), now)

    def calls(self, now: datetime) -> int:
        """Return how many calls may begin now."""
        return int(self._left(now))

    def is_full(self, now: datetime) -> bool:
        """Tell whether it is as if nobody had used it."""
        return self._left(now) >= _most(self.per_second)

    def taken(self, now: datetime) -> "Rate":
        """Return it after a call has begun."""
        return Rate(self.per_second, self._left(now) - 1, max(now, self.at))

    def wait(self, calls: int, now: datetime) -> timedelta:
        """Return how long it takes until so many calls have begun."""
        missing = calls - self._left(now)
        return timedelta(seconds=max(0.0, missing / self.per_second))

    def _left(self, now: datetime) -> float:
        passed = max(0.0, (now - self.at).total_seconds())
        return min(self.left + passed * self.per_second, _most(self.per_second))


def _most(per_second: float) -> float:
    return max(1.0, per_second * BURST.total_seconds())
