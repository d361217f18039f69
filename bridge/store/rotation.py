# SPDX-License-Identifier: Apache-2.0
"""Seals a database anew with another key: all of it in one transaction, or nothing.

Killed anywhere, it may be run again. Bridges at work meanwhile wait for it with their
changes of listeners, and find out then that their key is the old one.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Table,
    and_,
    bindparam,
    select,
    tuple_,
    update,
)

from bridge.errors import SettingsError
from bridge.store.database import Database
from bridge.store.listener_changes import count_change
from bridge.store.lock import wait_alone
from bridge.store.tables import metadata
from bridge.store.vault import Vault, note_key, noted_key

PAGE: Final = 500

SEALED: Final = tuple(table for table in metadata.sorted_tables if "sealed" in table.c)
"""The tables with something that is sealed."""


def rotate(database: Database, old: Vault, new: Vault) -> int | None:
    """Seal with the new key what the old one sealed.

    Returns:
        How many rows; None: the new key sealed them before.

    Raises:
        SettingsError: The database was sealed with neither key.
        KeyChanged: A row of it was.
    """
    with database.write() as connection:
        wait_alone(connection, "claim")
        count_change(connection)
        known = noted_key(connection)
        if known == new.fingerprint:
            return None
        if known not in (None, old.fingerprint):
            raise SettingsError(
                f"the secrets in this database were sealed with key {known}, not with "
                f"{old.fingerprint}; set [secrets] to the key that they were sealed with"
            )
        number = sum(_reseal(connection, table, old, new) for table in SEALED)
        note_key(connection, new)
    return number


def _reseal(connection: Connection, table: Table, old: Vault, new: Vault) -> int:
    key = tuple(table.primary_key)
    change = (
        update(table)
        .where(and_(*(one == bindparam(f"of_{one.name}") for one in key)))
        .values(sealed=bindparam("anew"))
    )
    query = select(*key, table.c.sealed).order_by(*key).limit(PAGE)
    number = 0
    rows = connection.execute(query).all()
    while rows:
        connection.execute(
            change,
            [
                {
                    **{f"of_{one.name}": row._mapping[one] for one in key},  # noqa: SLF001 - its public name
                    "anew": old.reseal(row.sealed, new),
                }
                for row in rows
            ],
        )
        number += len(rows)
        after = _is_behind(key, rows[-1][: len(key)])
        rows = connection.execute(query.where(after)).all()
    return number


def _is_behind(key: Sequence[Column[Any]], last: Sequence[Any]) -> Any:  # noqa: ANN401 - an SQL expression
    return tuple_(*key) > tuple_(*last)
