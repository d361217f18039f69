# SPDX-License-Identifier: Apache-2.0
"""The statements: which rows are due, and what is noted of them afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    any_,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)

from notifier.relay.fate import Fate

MAX_ROWS: Final = 1000
MAX_BYTES: Final = 4 * 1024 * 1024
"""Of one batch; a single event may be larger."""


@dataclass(frozen=True, slots=True)
class Row:
    """An event that is due; as `notifier.publishers.outbox` wrote it."""

    id: int
    execution_id: str
    event: str = field(repr=False)
    attempts: int


def read_due(connection: Connection, table: Table, now: datetime) -> list[Row]:
    """Return the next batch, in the order of publishing."""
    return [Row(*row) for row in connection.execute(_due(table, now))]


def note(
    connection: Connection,
    table: Table,
    *,
    published: Sequence[int],
    refused: Mapping[int, Fate],
    now: datetime,
) -> None:
    """Remove the rows that were published; note what became of the others."""
    if published:
        connection.execute(delete(table).where(_is_among(published, connection, table)))
    if refused:
        changed = update(table).where(table.c.id == bindparam("row"))
        fates = [
            {
                "row": row,
                "attempts": fate.attempts,
                "due_at": fate.due_at,
                "set_aside_at": now if fate.due_at is None else None,
                "reason": fate.reason,
            }
            for row, fate in refused.items()
        ]
        connection.execute(changed, fates)


def _is_among(
    rows: Sequence[int], connection: Connection, table: Table
) -> ColumnElement[bool]:
    if connection.dialect.name != "postgresql":
        return table.c.id.in_(rows)
    # As one value: to write a thousand takes longer than to delete the rows.
    return table.c.id == any_(bindparam("rows", rows, type_=ARRAY(BigInteger)))


def take_up_again(connection: Connection, table: Table) -> int:
    """Let all that was set aside be tried again; return how many."""
    back = {"attempts": 0, "due_at": None, "set_aside_at": None}
    aside = table.c.set_aside_at.is_not(None)
    return connection.execute(update(table).where(aside).values(back)).rowcount


def _due(table: Table, now: datetime) -> Select[Any]:
    # What rests holds the later ones of its execution; what is set aside has no time.
    one = table.alias("resting")
    resting = exists().where(one.c.execution_id == table.c.execution_id)
    next_ones = (
        select(table)
        .where(table.c.set_aside_at.is_(None), ~resting.where(one.c.due_at > now))
        .order_by(table.c.id)
        .limit(MAX_ROWS)
        .subquery()
    )
    before = func.sum(next_ones.c.size).over(order_by=next_ones.c.id) - next_ones.c.size
    sized = select(next_ones, before.label("before")).subquery()
    columns = (sized.c.id, sized.c.execution_id, sized.c.event, sized.c.attempts)
    fits = sized.c.before < MAX_BYTES
    return select(*columns).where(fits).order_by(sized.c.id)
