# SPDX-License-Identifier: Apache-2.0
"""Brings many rows to PostgreSQL at once: by COPY.

A row costs a fraction of what it costs as a statement. COPY knows nothing of rows that are
there already: where there may be some, it fills a temporary table of this connection alone,
from which one statement merges them.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from bridge.store.tables import UtcTime

WORTHWHILE_ROWS: Final = 20
"""With fewer, the statements around COPY cost more than it saves."""

# The first that fits; in COPY's binary format JSON is no other than text.
_TYPES: Final[tuple[tuple[type[TypeEngine[Any]], str], ...]] = (
    (JSON, "text"),
    (Text, "text"),
    (String, "varchar"),
    (UtcTime, "timestamptz"),
    (LargeBinary, "bytea"),
    (Boolean, "bool"),
    (BigInteger, "int8"),
    (Integer, "int4"),
    (Float, "float8"),
)


def stage(
    connection: Connection, target: Table, rows: Sequence[Mapping[str, Any]]
) -> Table:
    """Return the table in which rows lie until the end of the transaction.

    Args:
        connection: To PostgreSQL, by psycopg, in a transaction.
        target: Of which they are to become rows.
        rows: At least one, all with the same columns.

    Raises:
        sqlalchemy.exc.DBAPIError: One of them fits no row of the target.
    """
    staged = _staged(target, tuple(rows[0]))
    names = ", ".join(column.name for column in staged.c)
    # Of the target's types, without its constraints.
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged.name} "  # noqa: S608 - our own names
        f"ON COMMIT DELETE ROWS AS SELECT {names} FROM {target.name} WITH NO DATA"
    )
    copy(connection, staged, rows)
    return staged


def copy(
    connection: Connection, target: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Add rows that are not there yet.

    Args:
        connection: To PostgreSQL, by psycopg, in a transaction.
        target: Where to.
        rows: At least one, all with the same columns.

    Raises:
        sqlalchemy.exc.DBAPIError: One of them fits no row of the target, or is there.
    """
    plan = _plan(target, tuple(rows[0]))
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(plan.statement) as copying:
            copying.set_types(plan.types)
            write = copying.write_row
            for row in rows:
                values = list(row.values())
                for place in plan.documents:
                    values[place] = json.dumps(values[place])
                write(values)
    except connection.dialect.loaded_dbapi.Error as err:
        raise DBAPIError.instance(
            plan.statement,
            None,
            err,
            connection.dialect.loaded_dbapi.Error,
            hide_parameters=True,
            dialect=connection.dialect,
        ) from err


class _Plan(NamedTuple):
    statement: str
    types: Sequence[str]
    documents: Sequence[int]


@lru_cache
def _plan(target: Table, names: tuple[str, ...]) -> _Plan:
    columns = [target.c[name] for name in names]
    documents = [n for n, one in enumerate(columns) if isinstance(one.type, JSON)]
    statement = f"COPY {target.name} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
    return _Plan(statement, [_type_of(one) for one in columns], documents)


@lru_cache
def _staged(target: Table, names: tuple[str, ...]) -> Table:
    # Made once: SQLAlchemy knows its statements again by the tables in them.
    columns = (Column(name, target.c[name].type) for name in names)
    return Table(f"staged_{target.name}", MetaData(), *columns)


def _type_of(column: Column[Any]) -> str:
    return next(name for kind, name in _TYPES if isinstance(column.type, kind))
