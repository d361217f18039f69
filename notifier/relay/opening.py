# SPDX-License-Identifier: Apache-2.0
"""From the URL of a database to its outbox: read, or made."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Engine, MetaData, create_engine, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from notifier.errors import SettingsError
from notifier.publishers.outbox import outbox_table
from notifier.relay.bell import Bell
from notifier.relay.postgresql import PostgresReader
from notifier.relay.reader import Reader, translated
from notifier.relay.sqlite import SqliteReader

DIALECTS: Final = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect}

_DRIVER: Final = "postgresql+psycopg"
_DEFAULTS: Final = {
    "application_name": "workflow-notifier-relay",
    "connect_timeout": "10",
    "keepalives_idle": "30",
}
_SQLITE_WAIT_SECONDS: Final = 10  # for an engine that writes


def open_engine(url: str) -> Engine:
    """Return SQLAlchemy's way to a database; nothing is connected yet.

    Args:
        url: SQLAlchemy's, of PostgreSQL or of a file of SQLite.

    Raises:
        SettingsError: It is none of such a database, or the driver is missing.
    """
    parsed = _parse(url)
    match parsed.get_backend_name():
        case "postgresql":
            return _open_postgresql(parsed)
        case "sqlite":
            if parsed.database in (None, "", ":memory:"):
                raise SettingsError("an outbox needs a file: sqlite:////path/to/file")
            return create_engine(parsed, connect_args={"timeout": _SQLITE_WAIT_SECONDS})
        case other:
            raise SettingsError(f"no relay reads {other}; take postgresql or sqlite")


def reader_of(engine: Engine, table: str, bell: Bell, *, patience: timedelta) -> Reader:
    """Return what reads an outbox.

    Args:
        engine: As `open_engine` returns it; closed with the reader.
        table: ``name`` or ``schema.name``.
        bell: Ends its waiting.
        patience: The longest that a turn may take; see `PostgresReader`.
    """
    outbox = outbox_table(MetaData(), table)
    if engine.dialect.name == "sqlite":
        return SqliteReader(engine, outbox, bell)
    return PostgresReader(engine, outbox, bell, patience=patience)


def create(url: str, table: str) -> bool:
    """Make an outbox; return False if it is there already.

    Raises:
        SettingsError: As `open_engine`.
        OutboxError: The database refused.
    """
    engine, outbox = open_engine(url), outbox_table(MetaData(), table)
    with translated(), engine.begin() as connection:
        if inspect(connection).has_table(outbox.name, schema=outbox.schema):
            return False
        outbox.create(connection)
    engine.dispose()
    return True


def statements(table: str, dialect: str) -> str:
    """Return the SQL that makes an outbox.

    Args:
        table: ``name`` or ``schema.name``.
        dialect: One of `DIALECTS`.
    """
    outbox = outbox_table(MetaData(), table)
    indexes = sorted(outbox.indexes, key=lambda one: str(one.name))
    parts: list[DDLElement] = [CreateTable(outbox), *map(CreateIndex, indexes)]
    compiled = (str(part.compile(dialect=DIALECTS[dialect]())) for part in parts)
    return "".join(f"{one.strip()};\n" for one in compiled)


def _open_postgresql(url: URL) -> Engine:
    query = {k: v for k, v in _DEFAULTS.items() if k not in url.query}
    url = url.set(drivername=_DRIVER).update_query_dict(query)
    try:
        return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as err:
        raise SettingsError(
            "PostgreSQL needs psycopg; pip install 'workflow-notifier[postgresql]'"
        ) from err


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as err:
        raise SettingsError(
            "the outbox's database must look like postgresql://user@host/name or "
            "sqlite:////path/to/file"
        ) from err
