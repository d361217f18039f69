# SPDX-License-Identifier: Apache-2.0
"""Migrates a database and dies before a statement: ``killed_migration.py URL NUMBER``.

Exits with 0 where there were fewer statements.
"""

import os
import signal
import sys

from sqlalchemy import event

from bridge.store import schema
from bridge.store.database import Database


def main():
    """Do it, with what stands in ``sys.argv``."""
    url, number = sys.argv[1:]
    left = int(number)

    def before_statement(*_):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with Database(url) as database:
        event.listen(database.engine, "before_cursor_execute", before_statement)
        event.listen(database.engine, "commit", before_statement)
        schema.migrate(database)


if __name__ == "__main__":
    main()
