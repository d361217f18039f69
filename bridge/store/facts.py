# SPDX-License-Identifier: Apache-2.0
"""Facts about this database, noted in it by name, within somebody's transaction."""

from sqlalchemy import Connection, delete, insert, select

from bridge.store.tables import settings


def noted(connection: Connection, name: str) -> str | None:
    """Return what was noted last under a name; None: nothing was."""
    query = select(settings.c.value).where(settings.c.name == name)
    value: str | None = connection.scalar(query)
    return value


def note(connection: Connection, name: str, value: str) -> None:
    """Note something under a name, in place of what was noted before."""
    connection.execute(delete(settings).where(settings.c.name == name))
    connection.execute(insert(settings).values(name=name, value=value))
