# SPDX-License-Identifier: Apache-2.0
"""Works on a database and dies before a statement: ``killed_work.py WHAT URL NUMBER``.

WHAT is ``migrate``, or ``rotate`` from `KEY` to `OTHER_KEY`. Exits with 0 where there
were fewer statements.
"""

import os
import signal
import sys

from sqlalchemy import event

from bridge.store import schema
from bridge.store.database import Database
from bridge.store.rotation import rotate
from bridge.store.vault import Vault
from tests.served import KEY, OTHER_KEY

WORK = {
    "migrate": schema.migrate,
    "rotate": lambda database: rotate(database, Vault(KEY), Vault(OTHER_KEY)),
}


def main():
    """Do it, with what stands in ``sys.argv``."""
    what, url, number = sys.argv[1:]
    left = int(number)

    def before_statement(*_):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with Database(url) as database:
        event.listen(database.engine, "before_cursor_execute", before_statement)
        event.listen(database.engine, "commit", before_statement)
        WORK[what](database)


if __name__ == "__main__":
    main()
