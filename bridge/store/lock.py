# SPDX-License-Identifier: Apache-2.0
"""Makes sure that one process alone works on a database that is a file."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
