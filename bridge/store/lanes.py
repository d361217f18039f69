# SPDX-License-Identifier: Apache-2.0
"""How endpoints are, in SQL: of those alone that are not well; blocking.

Several bridges write one row for each listener. What they know of a breaker is soon
old: each repeats it as long as it is so.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select

from bridge.model import ListenerId, State
from bridge.model.lane_state import BreakerState, LaneState
from bridge.store.database import Database, insert_into
from bridge.store.tables import deliveries, lanes

REPEAT_AFTER: Final = timedelta(seconds=30)
"""What is still so is written again after it, at the latest."""

_OLD_AFTER: Final = 4 * REPEAT_AFTER
_MAX_KEYS: Final = 500


class LaneStore:
    """Of one database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[LaneState]:
        """Return what was written last of every endpoint."""
        with self._database.read() as connection:
            return [_state(row) for row in connection.execute(select(lanes))]

    def find(
        self, listener_ids: Collection[ListenerId], now: datetime
    ) -> dict[ListenerId, LaneState]:
        """Return how those endpoints are that are not well.

        A breaker of which nothing was heard lately is taken for a closed one: whoever
        opened it is no more.
        """
        if not listener_ids:
            return {}
        query = select(lanes).where(lanes.c.listener_id.in_(listener_ids))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {
            ListenerId(row.listener_id): _state(
                row, is_old=now - row.updated_at > _OLD_AFTER
            )
            for row in rows
        }

    def write(
        self, states: Sequence[LaneState], well: Sequence[ListenerId], now: datetime
    ) -> None:
        """Keep how endpoints are, and forget those that are well."""
        rows = sorted((_row(one, now) for one in states), key=_by_listener)
        with self._database.write() as connection:
            if rows:
                _keep(connection, rows)
            for start in range(0, len(well), _MAX_KEYS):
                some = well[start : start + _MAX_KEYS]
                connection.execute(delete(lanes).where(lanes.c.listener_id.in_(some)))

    def has_delivered(self, listener_id: ListenerId, since: datetime) -> bool:
        """Tell whether any bridge has delivered anything to a listener since then."""
        query = (
            select(deliveries.c.id)
            .where(deliveries.c.listener_id == listener_id)
            .where(deliveries.c.state == State.DELIVERED.value)
            .where(deliveries.c.updated_at >= since)
            .limit(1)
        )
        with self._database.read() as connection:
            return connection.scalar(query) is not None


def _keep(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    statement = insert_into(connection, lanes)
    names = [one.name for one in lanes.columns if not one.primary_key]
    upsert = statement.on_conflict_do_update(
        index_elements=["listener_id"],
        set_={name: statement.excluded[name] for name in names},
    )
    connection.execute(upsert, rows)


def _row(state: LaneState, now: datetime) -> dict[str, Any]:
    return {
        "listener_id": state.listener_id,
        "breaker": state.breaker.value,
        "since": state.since,
        "reason": state.reason,
        "in_flight_limit": state.limit,
        "failing_since": state.failing_since,
        "failed_at": state.failed_at,
        "updated_at": now,
    }


def _by_listener(row: dict[str, Any]) -> str:
    return str(row["listener_id"])


def _state(row: Row[Any], *, is_old: bool = False) -> LaneState:
    listener_id = ListenerId(row.listener_id)
    spell = {"failing_since": row.failing_since, "failed_at": row.failed_at}
    if is_old:
        return LaneState(listener_id, **spell)
    return LaneState(
        listener_id,
        breaker=BreakerState(row.breaker),
        since=row.since,
        reason=row.reason,
        limit=row.in_flight_limit,
        **spell,
    )
