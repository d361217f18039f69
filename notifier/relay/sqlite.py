# SPDX-License-Identifier: Apache-2.0
"""Reads an outbox in SQLite: looks often while there is work, and seldom else.

Never holds the database's one lock while it publishes. One relay holds a lock of its own
beside the file; others stand by. The system takes it back when the process ends.
"""

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from sqlalchemy import Engine, Table

from notifier.errors import OutboxError
from notifier.relay.bell import Bell
from notifier.relay.fate import Fate
from notifier.relay.reader import Turn, check_table, translated
from notifier.relay.rows import note, read_due, take_up_again

SHORTEST_LOOK_SECONDS: Final = 0.05
LONGEST_LOOK_SECONDS: Final = 1.0


class SqliteReader:
    """The `Reader` for SQLite.

    Args:
        engine: Of SQLAlchemy, for a file; closed with the reader.
        table: The outbox.
        bell: Of the relay.
    """

    def __init__(self, engine: Engine, table: Table, bell: Bell) -> None:
        self._file = Path(str(engine.url.database))
        self._engine = engine
        self._table = table
        self._bell = bell
        self._pause = SHORTEST_LOOK_SECONDS
        self._lock: IO[str] | None = None

    @contextmanager
    def turn(self) -> Iterator[Turn | None]:
        """Give the next batch; no transaction is open meanwhile."""
        if not self._is_alone():
            yield None
            return
        with translated(), self._engine.connect() as connection:
            check_table(connection, self._table)
            rows = read_due(connection, self._table, datetime.now(UTC))
        if rows:
            self._pause = SHORTEST_LOOK_SECONDS
        yield Turn(rows, self._note)

    def wait(self) -> None:
        """Return after a while that grows as long as there is nothing."""
        self._bell.wait(self._pause)
        self._pause = min(2 * self._pause, LONGEST_LOOK_SECONDS)

    def take_up_again(self) -> int:
        """Let all that was set aside be tried again; return how many."""
        with translated(), self._engine.begin() as connection:
            return take_up_again(connection, self._table)

    def close(self) -> None:
        """Let go of file and lock; may be called twice."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _note(self, published: Sequence[int], refused: Mapping[int, Fate]) -> None:
        now = datetime.now(UTC)
        with translated(), self._engine.begin() as connection:
            note(connection, self._table, published=published, refused=refused, now=now)

    def _is_alone(self) -> bool:
        if self._lock is not None:
            return True
        if not self._file.is_file():  # SQLite would make one
            raise OutboxError(f"there is no file {self._file}")
        path = self._file.with_name(f"{self._file.name}.relay.lock")
        try:
            lock = path.open("w")
        except OSError as err:
            raise OutboxError(f"{path}: {err.strerror}") from err
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True
