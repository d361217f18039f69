# SPDX-License-Identifier: Apache-2.0
"""Bridges that die at their K-th write or send, forked from a prepared process.

::

    test                                program
    K, a line              ─▶           forks a bridge
                           ◀─           ready, its process and its URL, a line
    SIGUSR1 to the process ─▶           counts from now on
                           ◀─           armed, a line
                           ◀─           died, a line
"""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

from bridge.embedded import EmbeddedBridge
from bridge.settings import ApiSettings, DatabaseSettings, SecretSettings, Settings
from tests.served import KEY

SOURCE = Path(__file__).with_name("crash_at.c")


class Crashing:
    """A context manager; starts one bridge after the other on the same folder.

    Args:
        home: For the database.
    """

    def __init__(self, home):
        self._home = home
        self._process = None

    def __enter__(self):
        shim = self._home / "crash_at.so"
        build = ("cc", "-shared", "-fPIC", "-O1", "-o", shim, SOURCE, "-ldl")
        subprocess.run(build, check=True)
        self._process = subprocess.Popen(
            (sys.executable, "-m", "tests.crashing", self._home),
            env={**os.environ, "LD_PRELOAD": str(shim)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def start(self, at):
        """Start a bridge that shall die at a write; return its process and its URL."""
        self._process.stdin.write(f"{at}\n")
        _, pid, url = self._said("ready").split()
        return int(pid), url

    def arm(self, pid):
        """Let a bridge count from now on."""
        os.kill(pid, signal.SIGUSR1)
        self._said("armed")

    def wait(self):
        """Return once the bridge has died."""
        self._said("died")

    def _said(self, word):
        line = self._process.stdout.readline()
        assert line.startswith(word), f"{line!r}, not {word}"
        return line


def _run(home, at):
    settings = Settings(
        api=ApiSettings(port=0),
        database=DatabaseSettings(f"sqlite:///{home}/bridge.sqlite3"),
        secrets=SecretSettings(key=KEY),
    )
    shim = ctypes.CDLL(None)
    # Blocked, so that it is not missed by who begins to wait for it just then.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    with EmbeddedBridge(settings) as bridge:
        _say(f"ready {os.getpid()} {bridge.url}")
        signal.sigwait({signal.SIGUSR1})
        _say("armed")
        shim.crash_at(at)
        signal.pause()


def _say(line):
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def main(home):
    """Start a bridge for each line, when the one before has died."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _run(home, int(line))
        os.waitpid(pid, 0)
        _say("died")


if __name__ == "__main__":
    main(sys.argv[1])
