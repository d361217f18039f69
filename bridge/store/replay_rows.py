# SPDX-License-Identifier: Apache-2.0
"""The table of replays, and a replay as a row of it and back."""

from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Row,
    String,
    Table,
    Text,
    text,
)

from bridge.model import ListenerId
from bridge.model.replay import (
    Phase,
    Place,
    Replay,
    ReplayId,
    ReplayState,
    Told,
    Wanted,
)
from bridge.store.tables import UtcTime, metadata

replays: Final = Table(
    "replays",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("listener_id", String(64), nullable=False),
    Column("project", String(255), nullable=False),
    Column("since", UtcTime),
    Column("until", UtcTime),
    Column("execution_id", String(255)),
    Column("types", JSON, nullable=False),
    Column("told", String(16)),
    Column("is_start", Boolean, nullable=False),
    Column("rate_per_second", Float, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("position_at", UtcTime),
    Column("state", String(16), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("looked_at", BigInteger, nullable=False),
    Column("replayed", BigInteger, nullable=False),
    Column("lease_owner", String(64)),
    Column("lease_until", UtcTime),
    Column("live_at", UtcTime),
    Column("reason", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Index("ix_replays_listener_id", "listener_id"),
    Index(
        "ix_replays_open",
        "id",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)
"""``position``: of the event that each has come to; ``position_at``: when that came in,
where one execution's events are sorted by it. ``lease_owner``: the bridge that is at it,
until ``lease_until``."""


def replay_row(replay: Replay) -> dict[str, Any]:
    """Return the columns of a replay but those of its lease."""
    wanted = replay.wanted
    return {
        "id": replay.id,
        "listener_id": replay.listener_id,
        "project": replay.project,
        "since": wanted.since,
        "until": wanted.until,
        "execution_id": wanted.execution_id,
        "types": list(wanted.types),
        "told": None if wanted.told is None else wanted.told.value,
        "is_start": replay.is_start,
        "rate_per_second": replay.rate_per_second,
        "first": replay.first,
        "last": replay.last,
        "created_at": replay.created_at,
        **standing(replay),
    }


def standing(replay: Replay) -> dict[str, Any]:
    """Return those columns that change while it goes on."""
    return {
        "position": replay.place.position,
        "position_at": replay.place.received_at,
        "state": replay.state.value,
        "phase": replay.phase.value,
        "looked_at": replay.looked_at,
        "replayed": replay.replayed,
        "live_at": replay.live_at,
        "reason": replay.reason,
        "updated_at": replay.updated_at,
        "ended_at": replay.ended_at,
    }


def replay_of(row: Row[Any]) -> Replay:
    """Return the replay that a row holds."""
    return Replay(
        id=ReplayId(row.id),
        listener_id=ListenerId(row.listener_id),
        project=row.project,
        wanted=Wanted(
            since=row.since,
            until=row.until,
            execution_id=row.execution_id,
            types=tuple(row.types),
            told=None if row.told is None else Told(row.told),
        ),
        is_start=row.is_start,
        rate_per_second=row.rate_per_second,
        first=row.first,
        last=row.last,
        place=Place(row.position, row.position_at),
        state=ReplayState(row.state),
        phase=Phase(row.phase),
        looked_at=row.looked_at,
        replayed=row.replayed,
        live_at=row.live_at,
        reason=row.reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
        ended_at=row.ended_at,
    )
