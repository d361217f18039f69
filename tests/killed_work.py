# SPDX-License-Identifier: Apache-2.0
"""Works on a database, again and again, and is killed before a statement of its choice.

Run as ``python -m tests.killed_work WHAT URL``, as `Killed` does: takes numbers of
statements on its standard input, and for each forks a process that dies before that
statement; answers with its exit code, 0 where there were fewer statements.
"""

import os
import signal
import subprocess
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


class Killed:
    """Work that is done in processes that are killed in the middle of it.

    Args:
        what: ``migrate``, or ``rotate`` from `KEY` to `OTHER_KEY`.
        url: Of the database.
    """

    def __init__(self, what, url):
        command = (sys.executable, "-m", "tests.killed_work", what, url)
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.communicate(timeout=30)

    def before(self, number):
        """Do it once more, killed before its statement of that number; return how it ended."""
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def work(what, url, number):
    """Do it in this process."""
    left = number

    def before_statement(*_):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with Database(url) as database:
        event.listen(database.engine, "before_cursor_execute", before_statement)
        event.listen(database.engine, "commit", before_statement)
        WORK[what](database)


def main():
    """Do it for each number that comes."""
    what, url = sys.argv[1:]
    for line in sys.stdin:
        child = os.fork()
        if not child:
            work(what, url, int(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
