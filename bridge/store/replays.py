# SPDX-License-Identifier: Apache-2.0
"""Replays in SQL: asked for, gone on with by one bridge at a time, stopped; blocking.

Whoever goes on with one holds its lease, and is refused once another bridge has it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from bridge.errors import Conflict, NotFound
from bridge.model import Listener, ListenerId, State
from bridge.model.replay import (
    Place,
    Replay,
    ReplayId,
    ReplayState,
    Wanted,
    new_replay_id,
)
from bridge.store.database import Database
from bridge.store.history import bounds, settle
from bridge.store.listener_changes import count_change, is_listener
from bridge.store.replay_rows import replay_of, replay_row, replays, standing
from bridge.store.tables import deliveries, listeners

MAX_OPEN: Final = 10
"""So many replays may a listener have that have not ended."""

KEPT: Final = timedelta(days=30)
"""What ended before goes when another one begins."""

_OPEN: Final = (ReplayState.RUNNING.value, ReplayState.STOPPING.value)


class ReplayStore:
    """The replays of one database.

    Args:
        database: Which.
        owner: Names this bridge among those that share the database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def begin(
        self, listener: Listener, wanted: Wanted, rate: float, now: datetime
    ) -> Replay:
        """Let past events be sent to a listener, and return how that stands.

        Raises:
            Conflict: It has too many replays, or has not caught up yet.
        """
        with self._database.write() as connection:
            where = (replays.c.listener_id == listener.id) & _is_open
            there = connection.scalars(select(replays.c.is_start).where(where)).all()
            if any(there):
                raise Conflict("the listener is told of the past already, as it starts")
            if len(there) >= MAX_OPEN:
                raise Conflict(
                    f"the listener has {MAX_OPEN} replays; wait, or stop some"
                )
            old = replays.c.ended_at < now - KEPT
            connection.execute(delete(replays).where(old))
            return insert_replay(connection, listener, wanted, (rate, now))

    def find(
        self,
        *,
        limit: int,
        before: ReplayId | None = None,
        **equal: str | None,
    ) -> list[Replay]:
        """Return up to `limit` replays, the latest first.

        Args:
            limit: At least 1.
            before: Id of the last one on the page before.
            **equal: Column (``listener_id``, ``project``, ``state``) to value; None is
                not looked at.
        """
        query = select(replays).order_by(replays.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(replays.c.id < before)
        for name, value in equal.items():
            if value is not None:
                query = query.where(replays.c[name] == value)
        with self._database.read() as connection:
            return [replay_of(row) for row in connection.execute(query)]

    def get(self, project: str | None, replay_id: ReplayId) -> Replay:
        """Return one; of any project where that is None.

        Raises:
            NotFound: There is none, or it is another project's.
        """
        with self._database.read() as connection:
            return _get(connection, project, replay_id)

    def stop(self, project: str | None, replay_id: ReplayId, now: datetime) -> Replay:
        """Let one tell nothing more; what is pending by it already is told.

        The listener of a start goes live, without the rest of the past. One that has
        ended stays as it is.

        Raises:
            NotFound: There is none, or it is another project's.
        """
        with self._database.write() as connection:
            replay = _get(connection, project, replay_id)
            values: Mapping[str, Any] = {
                "state": ReplayState.STOPPING.value,
                "updated_at": now,
            }
            if not replay.is_start:
                values = {
                    "state": ReplayState.STOPPED.value,
                    "updated_at": now,
                    "ended_at": now,
                }
            where = (replays.c.id == replay_id) & _is_open
            connection.execute(update(replays).where(where).values(values))
            return _get(connection, project, replay_id)

    def claim(self, limit: int, *, now: datetime, until: datetime) -> list[Replay]:
        """Take replays for this bridge, its own and those that nobody is at.

        Args:
            limit: So many at most, the oldest first.
            now: The time.
            until: When others may take them, if nothing is heard of this bridge.
        """
        mine = replays.c.lease_owner == self._owner
        free = or_(replays.c.lease_owner.is_(None), replays.c.lease_until < now)
        query = (
            select(replays.c.id)
            .where(_is_open, or_(mine, free))
            .order_by(replays.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            if not connection.scalars(query).all():  # nearly always
                return []
        lease = {"lease_owner": self._owner, "lease_until": until}
        with self._database.write() as connection:
            taken = connection.scalars(query.with_for_update(skip_locked=True)).all()
            where = replays.c.id.in_(taken)
            connection.execute(update(replays).where(where).values(lease))
            found = connection.execute(select(replays).where(where))
            return sorted((replay_of(row) for row in found), key=lambda one: one.id)

    def save(self, replay: Replay) -> bool:
        """Keep how one stands that this bridge is at; tell whether it still is."""
        with self._database.write() as connection:
            return save_standing(connection, self._owner, replay)

    def go_live(self, replay: Replay) -> bool:
        """Keep the same, and let its listener hear of what happens from now on."""
        with self._database.write() as connection:
            version = count_change(connection)
            if not save_standing(connection, self._owner, replay):
                return False
            values = {"starting": False, "changed_in": version}
            where = is_listener(replay.listener_id)
            connection.execute(update(listeners).where(where).values(values))
        return True

    def release(self) -> None:
        """Let go of those that bridges held that are no more.

        Only where no other bridge can be at work on this database.
        """
        with self._database.write() as connection:
            connection.execute(update(replays).values(lease_owner=None))

    def waiting(self, listener_id: ListenerId, now: datetime | None, most: int) -> int:
        """Return how many deliveries of a listener are pending, up to `most`.

        Args:
            listener_id: Whose.
            now: Only those that are due, or wait for their turn; None: all.
            most: At least 1.
        """
        query = (
            select(deliveries.c.id)
            .where(deliveries.c.listener_id == listener_id)
            .where(deliveries.c.state == State.PENDING.value)
            .limit(most)
        )
        if now is not None:
            due = deliveries.c.due_at
            query = query.where(or_(due.is_(None), due <= now))
        with self._database.read() as connection:
            counted = select(func.count()).select_from(query.subquery())
            return int(connection.scalar(counted) or 0)


def insert_replay(
    connection: Connection,
    listener: Listener,
    wanted: Wanted,
    terms: tuple[float, datetime],
    *,
    is_start: bool = False,
) -> Replay:
    """Keep a new replay; `terms` are its rate and the time."""
    rate, now = terms
    if is_start:
        settle(connection)
    first, last = bounds(connection, wanted)
    replay = Replay(
        id=new_replay_id(),
        listener_id=listener.id,
        project=listener.project,
        wanted=wanted,
        is_start=is_start,
        rate_per_second=rate,
        first=first,
        last=last,
        place=Place(first),
        created_at=now,
        updated_at=now,
    )
    connection.execute(insert(replays).values(replay_row(replay)))
    return replay


def save_standing(connection: Connection, owner: str, replay: Replay) -> bool:
    """Keep how a replay stands; tell whether this bridge is at it still.

    One that somebody stops meanwhile is stopped.
    """
    columns = standing(replay)
    where = (replays.c.id == replay.id) & (replays.c.lease_owner == owner) & _is_open
    if replay.ended_at is None:
        columns.pop("state")
    kept = connection.execute(update(replays).where(where).values(columns))
    return kept.rowcount > 0


def _get(connection: Connection, project: str | None, replay_id: ReplayId) -> Replay:
    query: Select[Any] = select(replays).where(replays.c.id == replay_id)
    if project is not None:
        query = query.where(replays.c.project == project)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("replay", replay_id)
    return replay_of(row)


_is_open = replays.c.state.in_(_OPEN)
