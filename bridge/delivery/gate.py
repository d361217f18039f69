# SPDX-License-Identifier: Apache-2.0
"""How many calls of one lane may begin: its breaker, its limit and its rate in one.

Keeps what the pure rules return; tells no time itself.
"""

from datetime import datetime, timedelta
from typing import Final

from bridge.delivery.breaker import Breaker
from bridge.delivery.limit import Limit
from bridge.delivery.rate import Rate
from bridge.delivery.sign import Sign, rest_of, sign_of
from bridge.model import Outcome

_UNBOUNDED: Final = 1_000_000


class Gate:
    """Of one listener's endpoint.

    Args:
        slots: Calls at a time, at least 1.

    Attributes:
        breaker: Whether it is called.
        limit: How many at a time.
    """

    def __init__(self, slots: int) -> None:
        self.breaker = Breaker()
        self.limit = Limit.full(slots)
        self._rate: Rate | None = None

    @property
    def slots(self) -> int:
        """Calls at a time, while it is called as usual."""
        return self.limit.value

    @property
    def is_paced(self) -> bool:
        """Whether calls a second are counted."""
        return self._rate is not None

    def adopt(self, slots: int, per_second: float | None, now: datetime) -> None:
        """Follow the listener as it is now."""
        self.limit = self.limit.of_most(slots)
        known = None if self._rate is None else self._rate.per_second
        if per_second != known:
            self._rate = None if per_second is None else Rate.full(per_second, now)

    def room(self, taken: int, now: datetime) -> int:
        """Return how many may begin beside those that are under way; 0 or more."""
        if not self.breaker.is_closed:
            # Whatever is still under way from before it opened: the probe is one more.
            return 1 if self.breaker.may_probe(now) else 0
        return max(0, min(self.limit.value - taken, self.calls(now)))

    def calls(self, now: datetime) -> int:
        """Return how many its rate lets begin."""
        return _UNBOUNDED if self._rate is None else self._rate.calls(now)

    def wait(self, calls: int, now: datetime) -> timedelta:
        """Return how long its rate makes the last of so many wait."""
        return timedelta() if self._rate is None else self._rate.wait(calls, now)

    def begin(self, now: datetime) -> bool:
        """Note that a call begins; tell whether it is the probe."""
        if self._rate is not None:
            self._rate = self._rate.taken(now)
        if self.breaker.is_closed:
            return False
        self.breaker = self.breaker.probing(now)
        return True

    def end(self, outcome: Outcome, now: datetime, *, is_probe: bool) -> None:
        """Note how a call ended."""
        sign = sign_of(outcome)
        if sign is Sign.WELL and self.is_calm and not self.breaker.failures:
            return  # as nearly all end: no rule has anything to say
        rest = rest_of(outcome)
        was_closed, openings = self.breaker.is_closed, self.breaker.openings
        self.breaker = self.breaker.after(
            sign, now, reason=outcome.error, rest=rest, is_probe=is_probe
        )
        began = now - outcome.duration
        self.limit = self.limit.after(sign, began=began, now=now)
        if was_closed and self.breaker.openings > openings:
            self.limit = self.limit.lowest(now)

    @property
    def is_calm(self) -> bool:
        """Whether the endpoint is called as usual."""
        return self.breaker.is_closed and self.limit.is_full

    def is_untouched(self, now: datetime) -> bool:
        """Tell whether a new one would do as well."""
        is_rested = self._rate is None or self._rate.is_full(now)
        return self.is_calm and not self.breaker.failures and is_rested
