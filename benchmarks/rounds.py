# SPDX-License-Identifier: Apache-2.0
"""What one round has shown, whether it counts, and what many show together; pure.

A round with a request too many or too few is never averaged: something was lost, came
twice, or somebody else used the receiver.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

SENT_DIGITS: Final = 19
"""Of the nanoseconds in an event that say when it was sent."""

_MICRO: Final = 1e6
_KEEPS_UP: Final = 1.25  # of the rate; below it, a delay is that of the waiting line


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What came of what was sent.

    Attributes:
        sent: Ids of the events.
        came: Ids of the requests; an empty one is of somebody else.
    """

    sent: frozenset[str]
    came: Counter[str]

    @property
    def lost(self) -> int:
        """How many events never came."""
        return len(self.sent - self.came.keys())

    @property
    def duplicates(self) -> int:
        """How many requests came beyond the first of each event."""
        return sum(self.came[one] - 1 for one in self.sent & self.came.keys())

    @property
    def strays(self) -> int:
        """How many requests are of none of the events."""
        return sum(count for one, count in self.came.items() if one not in self.sent)

    @property
    def faults(self) -> list[str]:
        """Why the round does not count; empty: it does."""
        told = (
            (self.lost, "lost"),
            (self.duplicates, "came twice"),
            (self.strays, "of somebody else"),
        )
        return [f"{count} {words}" for count, words in told if count]


@dataclass(frozen=True, slots=True)
class Drain:
    """A backlog, drained.

    Attributes:
        left: What was in the queue again once the contender had gone: not acked.
        counted: Events of the time that was measured: start-up is left out.
        seconds: That they took; likewise the CPU times, of each part.
        memory: Megabytes, at the peak.
    """

    arrivals: Arrivals
    left: int
    counted: int
    seconds: float
    client_seconds: float
    broker_seconds: float
    database_seconds: float
    memory: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.counted / self.seconds

    @property
    def client_micros(self) -> float:
        """CPU time of the contender for one event; likewise those below."""
        return self.client_seconds / self.counted * _MICRO

    @property
    def broker_micros(self) -> float:
        """The broker's."""
        return self.broker_seconds / self.counted * _MICRO

    @property
    def database_micros(self) -> float:
        """The database's, where it is a server."""
        return self.database_seconds / self.counted * _MICRO

    @property
    def faults(self) -> list[str]:
        """Why the round does not count; empty: it does."""
        return self.arrivals.faults + ([f"{self.left} unacked"] if self.left else [])


@dataclass(frozen=True, slots=True)
class Delays:
    """How long events took from the publisher to the receiver, at a steady rate.

    Attributes:
        rate: Events a second.
        milliseconds: Of each.
    """

    rate: int
    arrivals: Arrivals
    milliseconds: Sequence[float]

    @property
    def faults(self) -> list[str]:
        """Why the round does not count; empty: it does."""
        return self.arrivals.faults

    def share(self, hundredths: int) -> float:
        """Return what so many of a hundred events did not exceed."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, len(ordered) * hundredths // 100)]


@dataclass(frozen=True, slots=True)
class Record:
    """All rounds of one contender.

    Attributes:
        name: As the table tells it.
        is_ours: It is this project's.
        absent: Why it did not take part; empty: it did.
        broken: Rounds that ended in an error, as told.
    """

    name: str
    drains: Sequence[Drain] = ()
    delays: Sequence[Delays] = ()
    broken: Sequence[str] = ()
    is_ours: bool = False
    absent: str = ""

    @property
    def good(self) -> list[Drain]:
        """The backlogs that count."""
        return [one for one in self.drains if not one.faults]

    @property
    def rejected(self) -> list[str]:
        """Why rounds do not count, one text each."""
        rounds: list[Drain | Delays] = [*self.drains, *self.delays]
        return [*self.broken, *(", ".join(one.faults) for one in rounds if one.faults)]

    @property
    def duplicates(self) -> int:
        """Over all rounds, those that do not count too."""
        return sum(one.arrivals.duplicates for one in (*self.drains, *self.delays))

    @property
    def lost(self) -> int:
        """Over all rounds, those that do not count too."""
        return sum(one.arrivals.lost for one in (*self.drains, *self.delays))

    def middle(self, figure: Callable[[Drain], float]) -> float | None:
        """Return the median of a figure over the rounds that count, if any does."""
        return _middle(figure(one) for one in self.good)

    def delay(self, rate: int, hundredths: int) -> float | None:
        """Return the median of a share of the delays at a rate, in milliseconds."""
        good = (one for one in self.delays if one.rate == rate and not one.faults)
        return _middle(one.share(hundredths) for one in good)


def keeps_up(drain: Drain, rate: int) -> bool:
    """Tell whether delays at a rate say something of a contender."""
    return drain.rate >= rate * _KEEPS_UP


def _middle(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None
