# SPDX-License-Identifier: Apache-2.0
"""When an endpoint is left alone, and how it is tried again: a pure rule.

::

             5 failures in a row, or it asks for a rest
    closed ─────────────────────────────────────────────▶ open
       ▲                                                  │  ▲
       │ the probe arrives                    time is up: │  │ the probe fails:
       └──────────────── half-open ◀──────────  one probe ┘  │ twice the rest
                             └───────────────────────────────┘

What began before it opened says nothing of how the endpoint is now: only the probe
closes it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bridge.delivery.sign import Sign
from bridge.model.lane_state import BreakerState

TOLERATED: Final = 5
"""So many failures in a row open it."""

FIRST_REST: Final = timedelta(seconds=1)
LONGEST_REST: Final = timedelta(minutes=1)

_DOUBLINGS: Final = 6


@dataclass(frozen=True, slots=True)
class Breaker:
    """How one endpoint is dealt with.

    Attributes:
        since: When it came to this state, unless it was always closed.
        until: While open: when the probe may start.
        reason: Why it is not closed, in one line for a person to read.
        failures: In a row, while closed.
        openings: In a row, without a success between them.
    """

    state: BreakerState = BreakerState.CLOSED
    since: datetime | None = None
    until: datetime | None = None
    reason: str | None = None
    failures: int = 0
    openings: int = 0

    @property
    def is_closed(self) -> bool:
        """Whether calls may begin as they like."""
        return self.state is BreakerState.CLOSED

    def may_probe(self, now: datetime) -> bool:
        """Tell whether one call may begin, though it is open."""
        is_open = self.state is BreakerState.OPEN
        return is_open and self.until is not None and now >= self.until

    def probing(self, now: datetime) -> "Breaker":
        """Return it half-open: the probe has begun."""
        return replace(self, state=BreakerState.HALF_OPEN, since=now)

    def after(
        self,
        sign: Sign,
        now: datetime,
        *,
        reason: str | None = None,
        rest: timedelta | None = None,
        is_probe: bool = False,
    ) -> "Breaker":
        """Return it after a call has ended.

        Args:
            sign: How the endpoint seemed to be.
            now: When the call ended.
            reason: What was wrong.
            rest: The endpoint asks to be left alone for so long.
            is_probe: Whether it was the call that half opened it.
        """
        if not self.is_closed and not is_probe:
            return self if rest is None else self._resting(now + rest)
        match sign:
            case Sign.NONE:
                return self._opened(now, timedelta(), reason) if is_probe else self
            case Sign.WELL if self.is_closed:
                return replace(self, failures=0) if self.failures else self
            case Sign.WELL:
                return Breaker(since=now)
            case Sign.ILL | Sign.CROWDED:
                return self._failed(now, reason, rest)

    def _failed(
        self, now: datetime, reason: str | None, rest: timedelta | None
    ) -> "Breaker":
        if rest is not None:
            return self._opened(now, rest, reason)
        if self.is_closed and self.failures + 1 < TOLERATED:
            return replace(self, failures=self.failures + 1)
        longer = FIRST_REST * 2 ** min(self.openings, _DOUBLINGS)
        opened = self._opened(now, min(longer, LONGEST_REST), reason)
        return replace(opened, openings=self.openings + 1)

    def _opened(self, now: datetime, rest: timedelta, reason: str | None) -> "Breaker":
        return Breaker(
            BreakerState.OPEN, now, now + rest, reason, openings=self.openings
        )

    def _resting(self, until: datetime) -> "Breaker":
        is_longer = self.until is None or until > self.until
        return replace(self, until=until) if is_longer else self
