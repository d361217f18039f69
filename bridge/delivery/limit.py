# SPDX-License-Identifier: Apache-2.0
"""How many calls an endpoint is given at a time, as it bears them: a pure rule.

Halved when it seems crowded, raised by one whenever so many calls as it allows have gone
well one after the other. One crowded moment halves it once, however many calls it hit.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from bridge.delivery.sign import Sign


@dataclass(frozen=True, slots=True)
class Limit:
    """Calls at a time.

    Attributes:
        most: As the listener has it, at least 1.
        value: As the endpoint bears it, from 1 to `most`.
        successes: In a row, since it was raised last.
        cut_at: When it was halved last.

    Example:
        >>> Limit.full(64).value
        64
    """

    most: int
    value: int
    successes: int = 0
    cut_at: datetime | None = None

    @classmethod
    def full(cls, most: int) -> "Limit":
        """Return one that holds back nothing yet."""
        return cls(most, most)

    @property
    def is_full(self) -> bool:
        """Whether it holds back nothing."""
        return self.value >= self.most

    def of_most(self, most: int) -> "Limit":
        """Return it for a listener that was changed."""
        if most == self.most:
            return self
        value = most if self.is_full else min(self.value, most)
        return replace(self, most=most, value=value)

    def lowest(self, now: datetime) -> "Limit":
        """Return it at its lowest, for an endpoint that was away."""
        return Limit(self.most, 1, cut_at=now)

    def after(self, sign: Sign, *, began: datetime, now: datetime) -> "Limit":
        """Return it after a call has ended.

        Args:
            sign: How the endpoint seemed to be.
            began: When the call did; one that began before the last halving had no
                part in what came of it.
            now: When it ended.
        """
        match sign:
            case Sign.WELL if self.is_full:
                return self
            case Sign.WELL if self.successes + 1 < self.value:
                return replace(self, successes=self.successes + 1)
            case Sign.WELL:
                return replace(self, value=self.value + 1, successes=0)
            case Sign.CROWDED if self.cut_at is None or began >= self.cut_at:
                return Limit(self.most, max(1, self.value // 2), cut_at=now)
            case _:
                return replace(self, successes=0) if self.successes else self
