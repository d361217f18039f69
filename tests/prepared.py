# SPDX-License-Identifier: Apache-2.0
"""Processes that run ``bridge`` without importing it anew: forked from a prepared one.

A start imports for more than a second of processor time, and the tests start hundreds.
What is forked does all that ``python -m bridge`` does from there on, and ends as that does.

::

    test                                  tests.forking
    connects, sends arguments, folder,
    environment, input and output  ─▶     forks a keeper, which forks the bridge
                                   ◀─     its number, a line
                                   ◀─     how it ended, a line
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path


class Forked:
    """A process that runs ``bridge``, in the manner of `subprocess.Popen`.

    Any thread may ask how it ended; each has to wait for another that waits for the end.

    Args:
        arguments: Of ``bridge``.
        environment: All of it.
        stdin: File to read from.
        output: File to write to, errors too.
    """

    def __init__(self, arguments, *, environment, stdin, output):
        request = {
            "arguments": list(arguments),
            "environment": environment,
            "folder": str(Path.cwd()),
        }
        self.returncode = None
        self._asking = threading.Lock()
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(_prepared())
        files = [stdin.fileno(), output.fileno()]
        socket.send_fds(self._line, [json.dumps(request).encode() + b"\n"], files)
        self._said = self._line.makefile("r")
        self.pid = int(self._said.readline())

    def poll(self):
        """Return how it ended; None: it has not."""
        return self._ended(0)

    def wait(self, timeout=None):
        """Return how it ended, once it has."""
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired("bridge", timeout)
        return self.returncode

    def kill(self):
        """End it with SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number):
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _ended(self, timeout):
        with self._asking:
            if self.returncode is None and self._has_news(timeout):
                self.returncode = int(self._said.readline())
                self._said.close()
                self._line.close()
            return self.returncode

    def _has_news(self, timeout):
        return select.select([self._line], [], [], timeout)[0]


@cache
def _prepared():
    """Start the process that others are forked from; return where it is asked."""
    address = f"{tempfile.mkdtemp(prefix='workflow-notifier-')}/prepared"
    command = (sys.executable, "-m", "tests.forking", address)
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe)
    atexit.register(process.communicate)  # it ends when its input does
    assert process.stdout.readline() == b"ready\n"
    return address
