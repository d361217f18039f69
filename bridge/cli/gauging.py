# SPDX-License-Identifier: Apache-2.0
"""Reads a bridge's metrics, and says how much it did between two readings; pure."""

import re
from dataclasses import dataclass
from typing import Final

# name{label="value",…} 12.0
_SAMPLE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_OUTCOME: Final = re.compile(r'\boutcome="succeeded"')


@dataclass(frozen=True, slots=True)
class Reading:
    """What a bridge has counted since it started, and how it stands.

    Attributes:
        at: Seconds on a monotonic clock.
        attempts: That ended.
        succeeded: Of them.
    """

    at: float
    events: float = 0
    attempts: float = 0
    succeeded: float = 0
    in_flight: int = 0
    listeners: int = 0
    resting: int = 0


@dataclass(frozen=True, slots=True)
class Rates:
    """What was done in a second, and how it ended.

    Attributes:
        success: Share of the attempts that succeeded, 0 to 1; None: there were none.
    """

    events: float
    attempts: float
    success: float | None


def read(text: str, at: float) -> Reading:
    """Return what metrics say.

    Args:
        text: In Prometheus' format.
        at: When they were read, in seconds on a monotonic clock.
    """
    sums: dict[str, float] = {}
    succeeded = 0.0
    for name, labels, value in _SAMPLE.findall(text):
        sums[name] = sums.get(name, 0) + float(value)
        if name == "notifier_bridge_attempts_total" and _OUTCOME.search(labels):
            succeeded += float(value)

    def of(name: str) -> float:
        return sums.get(f"notifier_bridge_{name}", 0)

    return Reading(
        at=at,
        events=of("events_total"),
        attempts=of("attempts_total"),
        succeeded=succeeded,
        in_flight=int(of("in_flight_attempts")),
        listeners=int(of("listeners")),
        resting=int(of("open_breakers")),
    )


def between(first: Reading, last: Reading) -> Rates:
    """Return the rates between two readings; a bridge that restarted counts anew."""
    if last.events < first.events or last.attempts < first.attempts:
        first = Reading(first.at)
    seconds = max(last.at - first.at, 0.001)
    attempts = last.attempts - first.attempts
    return Rates(
        events=(last.events - first.events) / seconds,
        attempts=attempts / seconds,
        success=(last.succeeded - first.succeeded) / attempts if attempts else None,
    )
