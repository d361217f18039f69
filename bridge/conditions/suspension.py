# SPDX-License-Identifier: Apache-2.0
"""The rule by which a condition that overruns again and again is left alone for a while.

Each overrun ends the process that all conditions share, so it costs the others time.
"""

import logging
from dataclasses import dataclass
from typing import Final

_LOG: Final = logging.getLogger(__name__)

STRIKES: Final = 3
"""Overruns until a condition is suspended for the first time."""

WITHIN_SECONDS: Final = 60.0
"""Overruns that lie further apart are forgotten."""

FIRST_SECONDS: Final = 10.0
"""The first suspension; each overrun after it doubles the time."""

LONGEST_SECONDS: Final = 600.0

_MOST_DOUBLINGS: Final = 10  # of ten seconds: far over the longest


@dataclass(frozen=True, slots=True)
class Overruns:
    """How often a condition overran lately.

    Attributes:
        count: Of those not forgotten.
        until: Till then it is suspended.
        remembered: Till then the next one adds to these.

    Example:
        >>> third = after_overrun(after_overrun(after_overrun(None, 0.0), 1.0), 2.0)
        >>> third.until, after_overrun(third, 12.5).until
        (12.0, 32.5)
    """

    count: int
    until: float
    remembered: float


def after_overrun(before: Overruns | None, now: float) -> Overruns:
    """Return how a condition stands after one more overrun; `now` in seconds."""
    if before is None or now >= before.remembered:
        return Overruns(count=1, until=now, remembered=now + WITHIN_SECONDS)
    count = before.count + 1
    doublings = min(count - STRIKES, _MOST_DOUBLINGS)
    doubled = min(FIRST_SECONDS * 2.0**doublings, LONGEST_SECONDS)
    seconds = 0.0 if count < STRIKES else doubled
    return Overruns(count, now + seconds, now + seconds + max(seconds, WITHIN_SECONDS))


class Suspensions:
    """Which conditions are suspended now, by their text."""

    def __init__(self) -> None:
        self._overruns: dict[str, Overruns] = {}

    def overran(self, text: str, now: float) -> None:
        """Remember that a condition overran, and forget what lies far back."""
        found = after_overrun(self._overruns.get(text), now)
        self._overruns[text] = found
        if found.until > now:
            data = {"condition": text, "seconds": found.until - now}
            _LOG.warning("condition suspended", extra=data)
        for old in [
            one for one, seen in self._overruns.items() if now >= seen.remembered
        ]:
            del self._overruns[old]

    def holds(self, text: str, now: float) -> bool:
        """Tell whether a condition is suspended."""
        found = self._overruns.get(text)
        return found is not None and now < found.until

    def count(self, now: float) -> int:
        """Return how many are suspended; from any thread."""
        return sum(now < one.until for one in list(self._overruns.values()))
