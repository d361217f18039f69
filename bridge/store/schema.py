# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the schema that this code needs, or says why not; blocking."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, column, inspect, select, table

from bridge.errors import SchemaError
from bridge.store.database import Database
from bridge.store.lock import wait_alone

_STEPS: Final = Path(__file__).with_name("migrations") / "versions"

_noted = table("alembic_version", column("version_num"))


def migrate(
    database: Database, told: Callable[[str], object] = lambda _: None
) -> str | None:
    """Bring the schema up to date in one transaction; others who do so wait.

    Args:
        database: Which.
        told: Hears the revision of each step, once it is taken.

    Returns:
        The revision that it was at before; None for an empty database.

    Raises:
        SchemaError: A newer release made this database.
        StoreError: The database refused; it is as it was before.
    """
    with database.write() as connection:
        wait_alone(connection, "migrate")
        before = _revision(connection)
        _refuse_newer(before)
        if before != head():
            from bridge.store.upgrading import upgrade  # noqa: PLC0415 - slow; seldom needed

            upgrade(connection, told)
    return before


def require_current(database: Database) -> None:
    """Make sure that the schema is the one this code needs.

    Raises:
        SchemaError: It is another one; says what to do.
        StoreError: The database did not answer.
    """
    if not is_current(database):
        found = revision(database)
        raise SchemaError(
            f"the database's schema is {found or 'missing'}, and this release needs "
            f"{head()}: run notifier-bridge migrate, or set [database] migrate = true"
        )


def revision(database: Database) -> str | None:
    """Return the schema's revision; None for an empty database."""
    with database.read() as connection:
        return _revision(connection)


def steps_left(database: Database) -> int:
    """Return how many steps `migrate` will take.

    Raises:
        SchemaError: A newer release made this database.
        StoreError: The database did not answer.
    """
    found = revision(database)
    _refuse_newer(found)
    return len(_steps()) if found is None else len(_steps()) - _steps().index(found) - 1


def head() -> str:
    """Return the revision that this code needs."""
    return _steps()[-1]


def is_current(database: Database) -> bool:
    """Tell whether the schema is the one this code needs; if not, `migrate` helps.

    Raises:
        SchemaError: A newer release made this database.
        StoreError: The database did not answer.
    """
    found = revision(database)
    _refuse_newer(found)
    return found == head()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_noted.name):
        return None
    found: str | None = connection.scalar(select(_noted.c.version_num))
    return found


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in _steps():
        raise SchemaError(
            f"the database's schema {found} is newer than this release knows; "
            "install the release that made it"
        )


def _steps() -> Sequence[str]:
    """Return the revisions that this code knows, in order: files are named by them."""
    return sorted(path.name.partition("_")[0] for path in _STEPS.glob("[0-9]*_*.py"))
