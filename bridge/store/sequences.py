# SPDX-License-Identifier: Apache-2.0
"""The order in which ordered listeners are told, execution by execution; blocking.

Positions only grow, in the order of the commits that give them: whoever gives some holds
the counter's row until the end. Of the deliveries of one listener and execution that are
pending and have a position, only the first is ever due. On PostgreSQL it is made due after
a commit that may have made it the first, in a transaction of its own: of two commits at
once, the later one's sees both. SQLite writes one thing at a time.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select, update

from bridge.model import Delivery, Envelope, State
from bridge.store.database import Database, insert_into
from bridge.store.deliveries import delivery_row
from bridge.store.events import event_row
from bridge.store.removed import cancel_for_removed
from bridge.store.tables import counters, deliveries, events

BATCH: Final = 500

Turn = tuple[str, str]
"""Listener and execution whose deliveries take turns."""

_COUNTER: Final = "positions"


class Turns:
    """Whose turn may have come by what a transaction writes.

    Args:
        database: Where it writes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns: set[Turn] = set()
        self._now = datetime.min.replace(tzinfo=UTC)

    def note(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take down those of these deliveries."""
        for row in rows:
            self._turns.add((row["listener_id"], row["execution_id"]))
            self._now = max(self._now, row["updated_at"])

    def note_ended(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take down those after the deliveries that have ended."""
        self.note(
            row
            for row in rows
            if row["position"] is not None and row["state"] != State.PENDING.value
        )

    def within(self, connection: Connection) -> None:
        """Let them have their turn, at the transaction's end."""
        if self._turns and self._database.is_sqlite:
            _let_follow(connection, self._turns, self._now)

    def after(self) -> None:
        """Let them have their turn, once it is committed."""
        if self._turns and not self._database.is_sqlite:
            with self._database.write() as connection:
                _let_follow(connection, self._turns, self._now)


class SequenceStore:
    """The sequences of one database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def number(
        self, found: Sequence[tuple[Envelope, Sequence[Delivery]]], now: datetime
    ) -> None:
        """Give the deliveries of events the next positions, in the order given.

        What has a position, or was told without one, stays as it is.

        Raises:
            Unwritable: One of them is at fault.
        """
        arrived = {envelope.key: envelope for envelope, _ in found}
        rows: dict[str, dict[str, Any]] = {}
        turns = Turns(self._database)
        with self._database.write() as connection:
            last = count_positions(connection, len(found))
            for position, (_, some) in enumerate(found, last - len(found) + 1):
                for one in some:
                    row = delivery_row(one, None) | {"position": position}
                    rows.setdefault(one.id, row)
            cancel_for_removed(connection, rows.values())
            kept = [
                event_row(arrived[key], now, queued=False) for key in sorted(arrived)
            ]
            keep = insert_into(connection, events).on_conflict_do_nothing()
            connection.execute(keep, kept)
            _place(connection, [rows[key] for key in sorted(rows)])
            turns.note(rows.values())
            turns.within(connection)
        turns.after()

    def has_unnumbered(self, before: datetime) -> bool:
        """Tell whether deliveries wait for their position since before a time."""
        query = select(deliveries.c.id).where(_unnumbered(before)).limit(1)
        with self._database.read() as connection:
            return connection.scalar(query) is not None

    def number_rest(self, before: datetime) -> int:
        """Give a position to what waits for one since before a time; return how many.

        Only when no event from before it can come any more in its order.
        """
        query = (
            select(deliveries)
            .where(_unnumbered(before))
            .order_by(deliveries.c.created_at, deliveries.c.id)
            .limit(BATCH)
        )
        turns = Turns(self._database)
        with self._database.write() as connection:
            last = count_positions(
                connection, BATCH
            )  # first: so that no other is at this
            rows = [dict(row) for row in connection.execute(query).mappings()]
            for position, row in enumerate(rows, last - BATCH + 1):
                row["position"] = position
            _place(connection, sorted(rows, key=lambda row: row["id"]))
            turns.note(rows)
            turns.within(connection)
        turns.after()
        return len(rows)

    def go_on(self, now: datetime) -> int:
        """Let the first ones have their turn where none has; return how many.

        Some have none where a bridge was killed between two commits.
        """
        columns = deliveries.c.listener_id, deliveries.c.execution_id
        query = (
            select(*columns)
            .where(_pending, deliveries.c.position.is_not(None))
            .group_by(*columns)
            .having(func.count(deliveries.c.due_at) == 0)
        )
        with self._database.read() as connection:
            turns = {(row[0], row[1]) for row in connection.execute(query)}
        if turns:
            with self._database.write() as connection:
                _let_follow(connection, turns, now)
        return len(turns)


def _place(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = insert_into(connection, deliveries)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={"position": statement.excluded.position},
            where=_unnumbered(),
        ),
        rows,
    )


def _let_follow(connection: Connection, turns: Iterable[Turn], now: datetime) -> None:
    """Make the first of each due, unless it is already or waits for a retry."""
    other = deliveries.alias()
    first = (
        select(other.c.id)
        .where(other.c.listener_id == bindparam("listener"))
        .where(other.c.execution_id == bindparam("execution"))
        .where(other.c.state == State.PENDING.value, other.c.position.is_not(None))
        .order_by(other.c.position)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        update(deliveries)
        .where(deliveries.c.id == first, _pending, deliveries.c.due_at.is_(None))
        .values(due_at=bindparam("now"))
    )
    # In one order: else two bridges could wait for each other's rows for ever.
    some = [
        {"listener": listener, "execution": execution, "now": now}
        for listener, execution in sorted(turns)
    ]
    if some:
        connection.execute(statement, some)


def count_positions(connection: Connection, count: int) -> int:
    """Take so many positions and return the last; others wait until the end."""
    mine = counters.c.name == _COUNTER
    connection.execute(
        update(counters).where(mine).values(number=counters.c.number + count)
    )
    query = select(counters.c.number).where(mine)
    return int(connection.execute(query).scalar_one())


def _unnumbered(before: datetime | None = None) -> Any:  # noqa: ANN401 - an SQL expression
    """Return what is true of a delivery that waits for its position."""
    waits = _pending & deliveries.c.due_at.is_(None) & deliveries.c.position.is_(None)
    return waits if before is None else waits & (deliveries.c.created_at < before)


_pending = deliveries.c.state == State.PENDING.value
