# SPDX-License-Identifier: Apache-2.0
"""Starts the process that evaluates, talks with it, ends it.

Everything here happens on the event loop's thread, and nothing blocks it for more than
the moment that a fork and exec, or the end of a killed process, takes.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bridge.conditions.frames import Decoder

_PIECE_BYTES: Final = 64 * 1024
_REAP_SECONDS: Final = 1.0
_KEPT_VARIABLES: Final = ("LD_LIBRARY_PATH", "PYTHONHOME", "TZ")


class Process:
    """One process and the socket to it.

    Args:
        hear: Called with each frame that comes.
        ended: Called once, with the exit status as `subprocess` tells it, when the
            process has ended, unless `close` came first.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(
        self, hear: Callable[[Any], None], ended: Callable[[int], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._hear = hear
        self._ended = ended
        self._decoder = Decoder()
        self._unsent = bytearray()
        self._is_ready = False
        self._socket, far_end = socket.socketpair()
        self._socket.settimeout(0)
        with far_end:
            try:
                self._process = _start(far_end)
            except BaseException:
                self._socket.close()
                raise
        self._loop.add_reader(self._socket, self.receive)

    @property
    def is_ready(self) -> bool:
        """Whether it has said that it is ready for work."""
        return self._is_ready

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def hand_over(
        self, hear: Callable[[Any], None], ended: Callable[[int], None]
    ) -> None:
        """Call these from now on."""
        self._hear = hear
        self._ended = ended

    def send(self, frame: bytes) -> None:
        """Send a frame, in the end; keeps what does not fit into the socket yet."""
        self._unsent += frame
        if len(self._unsent) == len(frame):
            self._flush()

    def receive(self) -> None:
        """Hear what has come by now; the loop calls it too."""
        try:
            piece = self._socket.recv(_PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:  # reset: it ended before it read all that was sent
            piece = b""
        if not piece:
            self._ended(self._end())
            return
        for frame in self._decoder.feed(piece):
            self._is_ready = True  # that is what it says first
            self._hear(frame)

    def kill(self) -> None:
        """Kill it; `ended` follows."""
        self._process.kill()

    def close(self) -> None:
        """Kill it; when this returns, it has ended and nothing more is called."""
        self._end()

    def _flush(self) -> None:
        try:
            del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:  # it ended; `receive` will find out
            self._unsent.clear()
        if self._unsent:
            self._loop.add_writer(self._socket, self._flush)
        else:
            self._loop.remove_writer(self._socket)

    def _end(self) -> int:
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        self._process.kill()
        try:
            return self._process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:  # stuck in the kernel; it dies later
            return -signal.SIGKILL


def _start(far_end: socket.socket) -> subprocess.Popen[bytes]:
    """Start the process without the bridge's environment, which may hold secrets."""
    environment = {
        name: os.environ[name] for name in _KEPT_VARIABLES & os.environ.keys()
    }
    here = str(Path(__file__).parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (*sys.path, here)))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "bridge.conditions.worker"],
        stdin=far_end.fileno(),
        stdout=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # Ctrl-C at a terminal is for the bridge
    )
