# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the schema that this code needs, or says why not; blocking."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bridge.errors import SchemaError
from bridge.store.database import Database
from bridge.store.lock import wait_alone

_SCRIPTS: Final = Path(__file__).with_name("migrations")


def migrate(database: Database) -> str | None:
    """Bring the schema up to date in one transaction; others who do so wait.

    Returns:
        The revision that it was at before; None for an empty database.

    Raises:
        SchemaError: A newer release made this database.
        StoreError: The database refused; it is as it was before.
    """
    config = _config()
    with database.write() as connection:
        wait_alone(connection, "migrate")
        before = _revision(connection)
        _refuse_newer(before)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
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


def head() -> str:
    """Return the revision that this code needs."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


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
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(found: str | None) -> None:
    scripts = ScriptDirectory.from_config(_config())
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise SchemaError(
            f"the database's schema {found} is newer than this release knows; "
            "install the release that made it"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config
