# SPDX-License-Identifier: Apache-2.0
"""Reads an outbox in PostgreSQL: woken by its commits, any number of relays at once.

A turn is one transaction, from reading the rows to removing them, under an advisory
lock: one relay is at work, the others stand by. Whatever becomes of it, killed or
frozen, the server ends its transaction, and with it the lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, text

from notifier.errors import OutboxError
from notifier.relay.bell import Bell
from notifier.relay.fate import Fate
from notifier.relay.reader import Turn, check_table, translated
from notifier.relay.rows import note, read_due, take_up_again

LOOK_SECONDS: Final = 1.0
"""A relay looks so often although nobody woke it: for rows whose pause is over, for
another relay that died, and for engines that do not notify."""

_LOCKS: Final = 0x6E6F7469  # of all advisory locks in the database, those that are ours

# Statistics of a table that fills and empties are always wrong: by them, PostgreSQL
# would sort all that waits to find the next rows, which an index has in order.
_PLANS: Final = ("jit", "enable_seqscan", "enable_bitmapscan", "enable_sort")
_BEGIN: Final = text(
    "SELECT set_config('idle_in_transaction_session_timeout', :limit, true), "
    + ", ".join(f"set_config('{one}', 'off', true)" for one in _PLANS)
)
_LOCK: Final = text(
    "SELECT pg_try_advisory_xact_lock("
    " (CAST(:space AS bigint) << 32) | CAST(CAST(to_regclass(:name) AS oid) AS bigint)"
    ")"
)


class PostgresReader:
    """The `Reader` for PostgreSQL.

    Args:
        engine: Of SQLAlchemy, by psycopg; closed with the reader.
        table: The outbox.
        bell: Of the relay.
        patience: The longest that a turn may take; then its rows are another relay's.
    """

    def __init__(
        self, engine: Engine, table: Table, bell: Bell, *, patience: timedelta
    ) -> None:
        quote = engine.dialect.identifier_preparer
        self._engine = engine
        self._table = table
        self._lock = {"space": _LOCKS, "name": quote.format_table(table)}
        self._begin = {"limit": f"{patience // timedelta(milliseconds=1)}ms"}
        self._word = f"LISTEN {quote.quote_identifier(table.name)}"
        self._bell = bell
        self._listening: Connection | None = None
        self._stands_by = False

    @contextmanager
    def turn(self) -> Iterator[Turn | None]:
        """Give the next batch in a transaction that ends with the turn."""
        with translated(), self._engine.begin() as connection:
            connection.execute(_BEGIN, self._begin)
            is_ours = connection.scalar(_LOCK, self._lock)
            if is_ours is None:
                check_table(connection, self._table)
            self._stands_by = not is_ours
            if self._stands_by:
                yield None
                return
            now = datetime.now(UTC)
            rows = read_due(connection, self._table, now)
            yield Turn(rows, partial(self._note, connection))

    def wait(self) -> None:
        """Return when an engine has committed events, or after a while."""
        if self._stands_by:
            self._bell.wait(LOOK_SECONDS)  # each commit wakes who is at work
            return
        try:
            with translated():
                if self._listening is None:
                    self._listen()  # what was committed before is found by a look
                else:
                    self._wait(self._listening)
        except OutboxError:
            self._hang_up()
            raise

    def take_up_again(self) -> int:
        """Let all that was set aside be tried again; return how many."""
        with translated(), self._engine.begin() as connection:
            return take_up_again(connection, self._table)

    def close(self) -> None:
        """Let go of the connections; may be called twice."""
        self._hang_up()
        self._engine.dispose()

    def _note(
        self,
        connection: Connection,
        published: Sequence[int],
        refused: Mapping[int, Fate],
    ) -> None:
        now = datetime.now(UTC)
        note(connection, self._table, published=published, refused=refused, now=now)

    def _listen(self) -> None:
        self._listening = self._engine.connect()
        self._listening.execution_options(isolation_level="AUTOCOMMIT")
        self._listening.exec_driver_sql(self._word)

    def _wait(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        try:
            if self._bell.wait(LOOK_SECONDS, driver.fileno()):
                for _ in driver.notifies(timeout=0):
                    """One word is as good as many."""
        except self._engine.dialect.loaded_dbapi.Error as err:
            raise OutboxError(f"the outbox's database: {err}") from err

    def _hang_up(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            with translated():
                listening.invalidate()
                listening.close()
