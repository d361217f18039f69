# SPDX-License-Identifier: Apache-2.0
"""Moves what is due along with a machine's clock that somebody has set; for SQLite.

As long as the machine runs, the time of its start is always the same, unless its clock
was set; that is what is noted, and compared at the next start of the bridge. What was
set while the machine was off cannot be told from time that has passed.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from bridge.model import State
from bridge.store.database import Database
from bridge.store.facts import note, noted
from bridge.store.tables import batches, deliveries

LEAST: Final = timedelta(seconds=1)
"""Whatever is less may be the reading's inexactness."""

_NAME: Final = "clock"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def follow(database: Database, started_at: datetime) -> timedelta:
    """Return how far the clock was set since this was last called; zero for nothing.

    Only where no other bridge can be at work on this database.

    Args:
        database: Whose pending deliveries are moved as far.
        started_at: When the machine was started, as its clock is now.

    Raises:
        StoreError: The database refused; nothing has changed.
    """
    if not _BOOT_ID.exists():  # another system than Linux
        return timedelta()
    boot = _BOOT_ID.read_text("ascii").strip()
    with database.write() as connection:
        before = _started_before(connection, boot)
        jump = timedelta() if before is None else started_at - before
        if before is not None and abs(jump) < LEAST:
            return timedelta()
        if jump:
            _move(connection, jump)
        note(connection, _NAME, f"{boot} {started_at.isoformat()}")
    return jump


def _started_before(connection: Connection, boot: str) -> datetime | None:
    known, _, started_at = (noted(connection, _NAME) or "").partition(" ")
    return datetime.fromisoformat(started_at) if known == boot else None


def _move(connection: Connection, jump: timedelta) -> None:
    _move_batches(connection, jump)
    query = (
        select(deliveries.c.id, deliveries.c.due_at)
        .where(deliveries.c.state == State.PENDING.value)
        .where(deliveries.c.due_at.is_not(None))
    )
    moved = [
        {"moved": row.id, "to": row.due_at + jump} for row in connection.execute(query)
    ]
    if moved:
        statement = update(deliveries).where(deliveries.c.id == bindparam("moved"))
        connection.execute(statement.values(due_at=bindparam("to")), moved)


def _move_batches(connection: Connection, jump: timedelta) -> None:
    found = connection.execute(select(batches.c.id, batches.c.due_at)).all()
    for row in found:
        mine = batches.c.id == row.id
        connection.execute(update(batches).where(mine).values(due_at=row.due_at + jump))
