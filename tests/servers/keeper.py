# SPDX-License-Identifier: Apache-2.0
"""Runs one command for as long as whoever started it lives.

``keeper.py COMMAND …`` leads a process group. When its standard input closes, because
it was told so or because its parent died in whatever way, the whole group is killed.
(Linux's parent death signal would not do: a shell between does not pass it on, and it
comes already when the thread ends that started the child.)
"""

import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Run the command of ``sys.argv`` and exit with its status."""
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.exit(child.wait())


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
