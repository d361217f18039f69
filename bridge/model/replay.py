# SPDX-License-Identifier: Apache-2.0
"""Past events sent to a listener: which, how far that is, and whether it goes on."""

import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, NewType

from bridge.errors import Invalid
from bridge.model.listener import ListenerId
from notifier.errors import InvalidEvent
from notifier.event_types import expand

ReplayId = NewType("ReplayId", str)

DEFAULT_RATE: Final = 200.0
MAX_RATE: Final = 10_000.0
MAX_TYPES: Final = 100
MAX_EXECUTION_CHARS: Final = 255


class ReplayState(Enum):
    """Whether a replay goes on."""

    RUNNING = "running"
    STOPPING = "stopping"
    """Of a start: the past is left out, and the listener goes live."""
    DONE = "done"
    STOPPED = "stopped"


class Phase(Enum):
    """What a replay is at."""

    PAST = "past"
    """Events up to its last position, as far as they are wanted."""
    SETTLING = "settling"
    """Of a start in order: nothing new until what was told so far has ended."""
    CHASE = "chase"
    """Of a start: all that came in since, until nothing is left."""
    HANDOVER = "handover"
    """Of a start: the listener is live; what bridges took in before they knew."""


class Told(Enum):
    """How events stand with the listener that are wanted."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"
    NONE = "none"
    """It has no delivery of them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the past events that a listener hears; what is None is not looked at.

    Attributes:
        since: Came in then or later.
        until: Came in before.
        types: As a listener's `events`; empty: all.
        told: How they stand with it.
    """

    since: datetime | None = None
    until: datetime | None = None
    execution_id: str | None = None
    types: tuple[str, ...] = ()
    told: Told | None = None

    def check(self) -> None:
        """Refuse what can mean nothing.

        Raises:
            Invalid: Names the field and what would be right.
        """
        if None not in (self.since, self.until) and self.since >= self.until:  # type: ignore[operator] # both are there
            raise Invalid("until", "must be later than since")
        if len(self.types) > MAX_TYPES:
            raise Invalid("types", f"names {len(self.types)}; at most {MAX_TYPES}")
        execution = self.execution_id
        if execution is not None and not 0 < len(execution) <= MAX_EXECUTION_CHARS:
            raise Invalid("execution", f"must have 1 to {MAX_EXECUTION_CHARS} letters")
        if execution is not None and not execution.isprintable():
            raise Invalid("execution", "must hold no control characters")
        for place, name in enumerate(self.types):
            try:
                expand(name)
            except InvalidEvent as err:
                raise Invalid(f"types[{place}]", err.reason) from err


@dataclass(frozen=True, slots=True)
class Start:
    """What a new listener is told of before it is live."""

    wanted: Wanted
    rate_per_second: float = DEFAULT_RATE


@dataclass(frozen=True, slots=True)
class Place:
    """How far a replay is: behind an event, by its position.

    Attributes:
        received_at: Of that event, where one execution's are sorted by it.
    """

    position: int
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """Past events on their way to one listener.

    Attributes:
        is_start: The listener is new, and live once this is done.
        rate_per_second: So many of the past events are told in a second at most.
        first: Position behind which it began.
        last: Position of the last one of the past.
        place: How far it is.
        looked_at: How many events, wanted or not.
        replayed: How many deliveries are pending by it, or were.
        live_at: When the listener went live.
        reason: Why it was stopped, unless somebody did it.
    """

    id: ReplayId
    listener_id: ListenerId
    project: str
    wanted: Wanted
    is_start: bool
    rate_per_second: float
    first: int
    last: int
    place: Place
    created_at: datetime
    updated_at: datetime
    state: ReplayState = ReplayState.RUNNING
    phase: Phase = Phase.PAST
    looked_at: int = 0
    replayed: int = 0
    live_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None

    @property
    def is_in_order(self) -> bool:
        """Whether it tells one execution's story, which is told in its order."""
        return self.wanted.execution_id is not None and self.phase is Phase.PAST

    @property
    def progress(self) -> float:
        """How much of the past is behind it, 0 to 1."""
        if self.phase is not Phase.PAST or self.last <= self.first:
            return 1.0
        return (self.place.position - self.first) / (self.last - self.first)


def new_replay_id() -> ReplayId:
    """Return an id that sorts by the time it was made, to the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    return ReplayId(f"rpl_{milliseconds:012x}{secrets.token_hex(10)}")


def check_rate(rate: float) -> None:
    """Refuse a rate that is none.

    Raises:
        Invalid: Says what would be right.
    """
    if not 0 < rate <= MAX_RATE:
        raise Invalid("rate_per_second", f"must be over 0 and at most {MAX_RATE:.0f}")
