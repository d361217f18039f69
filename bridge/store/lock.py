# SPDX-License-Identifier: Apache-2.0
"""Makes sure that one process alone works on a database that is a file, or at a job."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, literal, select

from bridge.errors import SettingsError


@contextmanager
def alone(database_file: Path) -> Iterator[None]:
    """Hold a lock beside the file; the system lets go of it when the process ends.

    Raises:
        SettingsError: Another bridge holds it.
    """
    path = database_file.with_name(f"{database_file.name}.lock")
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise SettingsError(
                f"another bridge works on {database_file}; SQLite takes one at a "
                "time: stop it, or set [database] url to another file or PostgreSQL"
            ) from err
        yield


def wait_alone(connection: Connection, job: str) -> None:
    """Wait until no other bridge is at a job, and keep others off until the commit."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_key(job))))


def try_alone(connection: Connection, job: str) -> bool:
    """Keep others off a job until the commit, unless another bridge is at it."""
    if connection.dialect.name != "postgresql":
        return True
    lock = func.pg_try_advisory_xact_lock(_key(job))
    return bool(connection.execute(select(lock)).scalar_one())


def _key(job: str) -> Any:  # noqa: ANN401 - an SQL expression
    # A database may have bridges of different schemas.
    name = func.current_schema() + literal(f" notifier-bridge {job}")
    return func.hashtextextended(name, 0)
