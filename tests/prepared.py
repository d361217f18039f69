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
        line = socket.socket(socket.AF_UNIX)
        line.connect(_prepared())
        files = [stdin.fileno(), output.fileno()]
        socket.send_fds(line, [json.dumps(request).encode() + b"\n"], files)
        said = line.makefile("r")
        self.pid = int(said.readline())
        self._ended = threading.Event()
        threading.Thread(target=self._hear, args=(line, said), daemon=True).start()

    def poll(self):
        """Return how it ended; None: it has not."""
        return self.returncode

    def wait(self, timeout=None):
        """Return how it ended, once it has."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("bridge", timeout)
        return self.returncode

    def kill(self):
        """End it with SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number):
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _hear(self, line, said):
        """Hear of its end, for all threads that ask: one may wait while another kills."""
        with line, said:
            self.returncode = int(said.readline())
        self._ended.set()


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
