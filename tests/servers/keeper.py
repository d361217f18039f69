# SPDX-License-Identifier: Apache-2.0
"""Runs one command for as long as whoever started it lives.

``keeper.py USER COMMAND …`` leads a process group; the command runs as that user, unless
the name is empty. When its standard input closes, because it was told so or because its
parent died in whatever way, the whole group is killed. (Linux's parent death signal
would not do: a shell between does not pass it on, and it comes already when the thread
ends that started the child.)
"""

import os
import pwd
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Run the command of ``sys.argv`` and exit with its status."""
    user, *command = sys.argv[1:]
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        user=user or None,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=() if user else None,
    )
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.exit(child.wait())


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
