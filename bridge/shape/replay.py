# SPDX-License-Identifier: Apache-2.0
"""What is wished of past events as JSON: a replay, or where a new listener starts."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from bridge.errors import Invalid
from bridge.model.replay import (
    DEFAULT_RATE,
    MAX_RATE,
    MAX_TYPES,
    Replay,
    Start,
    Told,
    Wanted,
)
from bridge.shape.listener import NewListener
from bridge.shape.strict import Strict
from notifier.errors import InvalidEvent
from notifier.wire.body import format_time, parse_time

_MaybeText = str | None
_ADVICE: Final = 'write latest, earliest, a time, or {"execution": "…"}'


class NewReplay(Strict):
    """Which past events are sent to a listener again, of those that it hears."""

    since: _MaybeText = Field(
        None, description="Came in then or later.", examples=["2026-11-24T00:00:00Z"]
    )
    until: _MaybeText = Field(None, description="Came in before. Default: now.")
    execution: _MaybeText = Field(
        None, description="Of this execution and its tasks, in their order."
    )
    types: list[str] = Field(
        [], description="As a listener's events. Default: all.", max_length=MAX_TYPES
    )
    state: Literal["pending", "delivered", "dead", "cancelled", "none"] | None = Field(
        None, description="Whose delivery stands so; none: there is none."
    )
    rate_per_second: float = Field(
        DEFAULT_RATE, gt=0, le=MAX_RATE, description="So many a second at most."
    )

    def wanted(self) -> Wanted:
        """Return which, checked.

        Raises:
            Invalid: Names the field.
        """
        wanted = Wanted(
            since=_time("since", self.since),
            until=_time("until", self.until),
            execution_id=self.execution,
            types=tuple(self.types),
            told=None if self.state is None else Told(self.state),
        )
        wanted.check()
        return wanted


class StartAt(Strict):
    """The first event of an execution."""

    execution: str


class Registration(NewListener):
    """A new listener, and where it starts."""

    start: str | StartAt = Field(
        "latest",
        description="latest, earliest, a time, or an execution: what came in since is "
        "told first.",
        examples=["latest", "2026-11-24T00:00:00Z", {"execution": "e1"}],
    )

    def begin(self, now: datetime) -> Start | None:
        """Return what is told first; None: nothing.

        Raises:
            Invalid: It is no place to start at.
        """
        if isinstance(self.start, StartAt):
            return Start(Wanted(execution_id=self.start.execution))
        if self.start == "latest":
            return None
        if self.start == "earliest":
            return Start(Wanted())
        try:
            since = parse_time("start", self.start)
        except InvalidEvent as err:
            raise Invalid("start", _ADVICE) from err
        if since > now:
            raise Invalid("start", "must not be in the future")
        return Start(Wanted(since=since))


def replay_json(replay: Replay) -> dict[str, Any]:
    """Return a replay's JSON."""
    wanted = replay.wanted
    return {
        "id": replay.id,
        "listener_id": replay.listener_id,
        "project": replay.project,
        "since": _shown(wanted.since),
        "until": _shown(wanted.until),
        "execution": wanted.execution_id,
        "types": list(wanted.types),
        "told": None if wanted.told is None else wanted.told.value,
        "rate_per_second": replay.rate_per_second,
        "is_start": replay.is_start,
        "state": replay.state.value,
        "reason": replay.reason,
        "progress": round(replay.progress, 4),
        "looked_at": replay.looked_at,
        "replayed": replay.replayed,
        "created_at": format_time(replay.created_at),
        "updated_at": format_time(replay.updated_at),
        "ended_at": _shown(replay.ended_at),
    }


def _time(field: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(field, text)
    except InvalidEvent as err:
        raise Invalid(field, err.reason) from err


def _shown(time: datetime | None) -> str | None:
    return None if time is None else format_time(time)
