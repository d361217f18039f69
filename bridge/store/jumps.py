# SPDX-License-Identifier: Apache-2.0
"""Moves what is due along with a machine's clock that somebody has set; for SQLite.

As long as the machine runs, the time of its start is always the same, unless its clock
was set; that is what is noted, and compared at the next start of the bridge. What was
set while the machine was off cannot be told from time that has passed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bridge.model import State
from bridge.store.database import Database
from bridge.store.tables import deliveries, settings

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
        before = _noted(connection, boot)
        jump = timedelta() if before is None else started_at - before
        if before is not None and abs(jump) < LEAST:
            return timedelta()
        _move(connection, jump)
        _note(connection, f"{boot} {started_at.isoformat()}")
    return jump


def _noted(connection: Connection, boot: str) -> datetime | None:
    query = select(settings.c.value).where(settings.c.name == _NAME)
    known, _, started_at = (connection.scalar(query) or "").partition(" ")
    return datetime.fromisoformat(started_at) if known == boot else None


def _note(connection: Connection, value: str) -> None:
    connection.execute(delete(settings).where(settings.c.name == _NAME))
    connection.execute(insert(settings).values(name=_NAME, value=value))


def _move(connection: Connection, jump: timedelta) -> None:
    is_pending = deliveries.c.state == State.PENDING.value
    query = select(deliveries.c.id, deliveries.c.due_at).where(is_pending)
    due: Sequence[Any] = connection.execute(query).all() if jump else ()
    moved = [
        {"moved": row.id, "to": row.due_at + jump}
        for row in due
        if row.due_at is not None
    ]
    if moved:
        statement = update(deliveries).where(deliveries.c.id == bindparam("moved"))
        connection.execute(statement.values(due_at=bindparam("to")), moved)
