# SPDX-License-Identifier: Apache-2.0
"""Takes a database through the steps of the schema that it lacks; blocking.

Apart from `bridge.store.schema`, since alembic takes a tenth of a second to import, and a
database that lacks none, as at most starts, needs nothing of it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

_SCRIPTS: Final = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, told: Callable[[str], object]) -> None:
    """Take all steps that are left, in the connection's transaction.

    Args:
        connection: To the database.
        told: Hears the revision of each step, once it is taken.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    config.attributes["told"] = told
    command.upgrade(config, "head")
