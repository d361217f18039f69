# SPDX-License-Identifier: Apache-2.0
"""How many past events a replay may tell now: pure rules.

What happens now goes first: a replay takes a part of its listener's slots and of its
rate, and lets little wait in the database.
"""

import math
from dataclasses import dataclass
from typing import Final

from bridge.model import Listener
from bridge.model.replay import Replay

PAGE: Final = 500
"""So many events are looked at in one step at most."""

_BURST_SECONDS: Final = 0.25
_ROUNDING: Final = 1e-6
_WAITING_SECONDS: Final = 0.5
_LEAST_WAITING: Final = 20
_SHARE_OF_SLOTS: Final = 4
_SHARE_OF_RATE: Final = 2


@dataclass(slots=True)
class Pace:
    """Counts what a replay may tell.

    Attributes:
        allowance: So many now; below 0 where more were told than allowed.
        at: When that was so, in seconds; None: it has not begun.
    """

    allowance: float = 0.0
    at: float | None = None

    def allowed(self, rate: float, now: float) -> int:
        """Return how many may be told now, at `rate` a second."""
        if self.at is not None:
            earned = self.allowance + rate * (now - self.at)
            self.allowance = min(earned, max(1.0, rate * _BURST_SECONDS))
        self.at = now
        return max(0, math.floor(self.allowance + _ROUNDING))

    def note(self, told: int) -> None:
        """Count those that were told."""
        self.allowance -= told


def rate_of(replay: Replay, listener: Listener) -> float:
    """Return how many may be told in a second, beside what happens now."""
    if listener.rate is None:
        return replay.rate_per_second
    return min(replay.rate_per_second, listener.rate / _SHARE_OF_RATE)


def most_at_once(listener: Listener) -> int:
    """Return how many may be told in one step."""
    return max(1, listener.max_in_flight // _SHARE_OF_SLOTS)


def most_waiting(rate: float) -> int:
    """Return how many may wait in the database for a slot."""
    return min(PAGE, max(_LEAST_WAITING, math.ceil(rate * _WAITING_SECONDS)))


def page_size(replay: Replay, count: int) -> int:
    """Return how many events to look at to find about `count` that are wanted."""
    share = (replay.looked_at + 1) / (replay.replayed + 1)
    return min(PAGE, max(1, math.ceil(count * share)))
