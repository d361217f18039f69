# SPDX-License-Identifier: Apache-2.0
"""Merges what is known into the tables, one way: what stands there never shrinks.

Delivered beats dead beats pending, and a pending delivery that another bridge has taken
is left to it. What waits for its position changes nothing that may have one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, literal_column, or_, select

from bridge.model import State
from bridge.store.database import insert_into
from bridge.store.staging import WORTHWHILE_ROWS, stage
from bridge.store.tables import attempts, deliveries, events

Row = Mapping[str, Any]

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

    def events(self, rows: Sequence[Row]) -> None:
        """Keep events; one that waited to be routed waits no more."""
        self._merge(events, rows, _settle)

    def deliveries(self, rows: Sequence[Row]) -> None:
        """Let deliveries be as told, where that is more than what stands there."""
        self._merge(deliveries, rows, self._grow)

    def attempts(self, rows: Sequence[Row]) -> None:
        """Keep attempts; one that is there already stays as it is."""
        self._merge(attempts, rows, _leave)

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
