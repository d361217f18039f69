# SPDX-License-Identifier: Apache-2.0
"""Connections to the database and its transactions; blocking, safe to share."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
    StatementError,
)

from bridge.errors import SettingsError, StoreError, Unwritable
from bridge.store.postgresql import Connections

SQLITE_WAIT_SECONDS: Final = 10


class Database:
    """One database, SQLite or PostgreSQL, by its SQLAlchemy URL.

    A context manager; `read` and `write` give one transaction each and may be called
    from any thread.

    Raises:
        SettingsError: The URL is none that this code understands.
    """

    def __init__(self, url: str) -> None:
        self._url = _parse(url)
        is_sqlite = self._url.get_backend_name() == "sqlite"
        self._server = None if is_sqlite else Connections(self._url)
        self.engine: Final = (
            _sqlite(self._url) if self._server is None else self._server.engine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Database({self.name})"

    @property
    def name(self) -> str:
        """The URL, its password masked."""
        return self._url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite; else it is PostgreSQL."""
        return self._server is None

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it: one process alone may use that; None: a server has it."""
        if self._server is not None:
            return None
        return Path(str(self._url.database))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a transaction that only looks.

        Raises:
            StoreError: The database did not answer.
        """
        with _translated(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction that is committed at the end, or rolled back if it raises.

        Raises:
            Unwritable: It takes no such row, however often it is asked.
            StoreError: The database did not do what was asked.
        """
        with _translated(), self.engine.connect() as connection:
            if self.is_sqlite:
                # Take the one writer's lock now: an upgrade later can fail at once.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def break_off(self) -> None:
        """Let nobody wait any more for a server that hangs; they get a `StoreError`."""
        if self._server is not None:
            self._server.break_off()

    def close(self) -> None:
        """Close what is open."""
        self.engine.dispose()


def insert_into(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - of either dialect
    """Return an INSERT that can be told what to do with rows that are there already."""
    is_sqlite = connection.dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise SettingsError(
            "[database] url is no database URL; write sqlite:////path/to/file or "
            "postgresql+psycopg://user@host/name"
        ) from err
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return parsed
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise SettingsError(f"[database] url: {backend} is not supported; take sqlite or "
                        "postgresql")  # fmt: skip


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise SettingsError("[database] url: give SQLite a file; in memory the first "
                            "crash would lose every event")  # fmt: skip
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as err:
        raise SettingsError(f"[database] url: {folder}: {err.strerror}") from err
    engine = create_engine(url, connect_args={"timeout": SQLITE_WAIT_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's pool record
    connection.isolation_level = None  # BEGIN is said by Database
    _write_ahead(connection, time.monotonic() + SQLITE_WAIT_SECONDS)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: sqlite3.Connection, deadline: float) -> None:
    # While another one turns a new file into WAL, SQLite answers "locked" at once,
    # whatever its timeout is.
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as err:
        # The driver's own line only: SQLAlchemy's text quotes the parameters.
        cause = getattr(err, "orig", None) or err
        kind = Unwritable if _is_of_a_row(err) else StoreError
        raise kind(f"the database refused: {_first_line(cause)}") from err
    except (UnicodeError, OverflowError) as err:  # drivers let these through
        raise Unwritable(f"the database refused: {_first_line(err)}") from err


def _is_of_a_row(err: SQLAlchemyError) -> bool:
    """Tell whether what was to be written is at fault, not the database."""
    if isinstance(err, DBAPIError):
        return isinstance(err, DataError | IntegrityError)
    return isinstance(err, StatementError)  # a value that cannot be turned into SQL


def _first_line(err: BaseException) -> str:
    return (str(err).strip().splitlines() or [type(err).__name__])[0]
