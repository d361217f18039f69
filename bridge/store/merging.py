# SPDX-License-Identifier: Apache-2.0
"""Merges what is known into the tables, one way: what stands there never shrinks.

Delivered beats dead beats pending, and a pending delivery that another bridge has taken
is left to it. What waits for its position changes nothing that may have one. An event that
is not there yet has nothing to merge with: it, its deliveries and their attempts are only
added, which costs PostgreSQL a third.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, literal_column, or_, select

from bridge.model import EventKey, State
from bridge.store.database import insert_into
from bridge.store.staging import WORTHWHILE_ROWS, copy, stage
from bridge.store.tables import attempts, deliveries, events

Row = Mapping[str, Any]

_KNOWN: Final = (
    "SELECT source, id FROM events JOIN unnest(%s::text[], %s::text[]) "
    "AS asked (source, id) USING (source, id)"
)
_GROWING = ("state", "attempts", "due_at", "lease_owner", "reason", "updated_at")


class Merge:
    """Merges rows in one transaction, each kind in the order that it is given.

    Two transactions that touch the same rows must have the same order: else they could
    wait for each other for ever.

    Args:
        connection: In the transaction.
        owner: Names this bridge among those that share the database.
        stage_from: So many rows are brought to PostgreSQL at once (see `staging`).
    """

    def __init__(
        self, connection: Connection, owner: str, *, stage_from: int = WORTHWHILE_ROWS
    ) -> None:
        self._connection = connection
        self._owner = owner
        self._can_stage = connection.dialect.name == "postgresql"
        self._stage_from = stage_from

    def unknown(self, keys: Collection[EventKey]) -> frozenset[EventKey]:
        """Return which events are not kept yet; none where it does not matter."""
        if not self._can_stage or not keys:
            return frozenset()
        sources, ids = zip(*keys, strict=True)
        asked = (list(sources), list(ids))
        known = self._connection.exec_driver_sql(_KNOWN, asked)
        return frozenset(keys).difference((row[0], row[1]) for row in known)

    def events(self, rows: Sequence[Row], new: frozenset[EventKey]) -> None:
        """Keep events; one that waited to be routed waits no more.

        Args:
            rows: Theirs.
            new: Events of which nothing was kept before, as far as anybody knows.
        """
        kept = self._add(events, rows, lambda row: (row["source"], row["id"]) in new)
        self._merge(events, kept, _settle)

    def deliveries(self, rows: Sequence[Row], new: frozenset[EventKey]) -> None:
        """Let deliveries be as told, where that is more than what stands there."""
        kept = self._add(
            deliveries,
            rows,
            lambda row: (row["event_source"], row["event_id"]) in new,
        )
        self._merge(deliveries, kept, self._grow)

    def attempts(self, rows: Sequence[Row], new: Collection[str]) -> None:
        """Keep attempts; one that is there already stays as it is.

        Args:
            rows: Theirs.
            new: Ids of deliveries of which nothing was kept before.
        """
        kept = self._add(attempts, rows, lambda row: row["delivery_id"] in new)
        self._merge(attempts, kept, _leave)

    def _add(
        self, table: Table, rows: Sequence[Row], is_new: Callable[[Row], bool]
    ) -> Sequence[Row]:
        """Insert those that are new; return the others."""
        added = [row for row in rows if is_new(row)]
        if not added:
            return rows
        copy(self._connection, table, added)
        return (
            [row for row in rows if not is_new(row)] if len(added) < len(rows) else ()
        )

    def _grow(self, insert: Any) -> Any:  # noqa: ANN401 - of either dialect
        new, known = insert.excluded, deliveries.c
        mine = or_(known.lease_owner.is_(None), known.lease_owner == self._owner)
        waits = (new.state == State.PENDING.value) & new.due_at.is_(None)
        is_pending = known.state == State.PENDING.value
        return insert.on_conflict_do_update(
            index_elements=["id"],
            set_={name: new[name] for name in _GROWING},
            where=or_(
                is_pending & mine & (known.attempts <= new.attempts) & ~waits,
                new.state == State.DELIVERED.value,
            ),
        )

    def _merge(
        self, table: Table, rows: Sequence[Row], onto: Callable[[Any], Any]
    ) -> None:
        """Insert rows; `onto` says what becomes of those that are there already."""
        if not rows:
            return
        insert = insert_into(self._connection, table)
        if not self._can_stage or len(rows) < self._stage_from:
            self._connection.execute(onto(insert), rows)
            return
        staged = stage(self._connection, table, rows)
        in_order = select(staged).order_by(literal_column("ctid"))
        self._connection.execute(onto(insert.from_select(list(rows[0]), in_order)))


def _settle(insert: Any) -> Any:  # noqa: ANN401 - of either dialect
    return insert.on_conflict_do_update(
        index_elements=["source", "id"], set_={"queued": False}
    )


def _leave(insert: Any) -> Any:  # noqa: ANN401 - of either dialect
    return insert.on_conflict_do_nothing()
