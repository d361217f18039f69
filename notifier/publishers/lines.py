# SPDX-License-Identifier: Apache-2.0
"""Lines to the broker for the calls of many threads: one for each that waits.

Safe to share between threads, and after `os.fork`.
"""

import os
import threading
import time
from collections import deque
from typing import Final

from notifier.errors import Unreachable
from notifier.publishers.dial import Dialer
from notifier.publishers.line import Line
from notifier.publishers.outgoing import Outgoing

MAX_LINES: Final = 32
"""So many calls of one process wait at the same time; others wait for a line."""


class Lines:
    """Opened when they are needed, and kept.

    Args:
        dialer: Opens each.
    """

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        # By process: what a child inherits is not its own.
        self._pools: dict[int, _Pool] = {}
        self._is_closed = False

    def ask(self, message: Outgoing, deadline: float) -> bytes | None:
        """Return the reply to a message (see `Line.ask`)."""
        pool = self._pool()
        if not pool.free.acquire(timeout=max(deadline - time.monotonic(), 0)):
            raise Unreachable(f"{MAX_LINES} calls wait already", [message.id])
        line = pool.take(self._dialer)
        try:
            if self._is_closed:
                line.close()
            return line.ask(message, deadline)
        finally:
            pool.idle.append(line)
            pool.free.release()

    def close(self) -> None:
        """Let go of all of them. Blocks shortly; may be called twice."""
        self._is_closed = True
        for line in tuple(self._pool().lines):
            line.close()

    def _pool(self) -> "_Pool":
        """Return this process's lines. No lock: a child may inherit it locked."""
        process = os.getpid()
        pool = self._pools.get(process)
        if pool is None:
            pool = self._pools.setdefault(process, _Pool())
            for other in [one for one in self._pools if one != process]:
                inherited = self._pools.pop(other, None)
                for line in () if inherited is None else inherited.lines:
                    line.abandon()
        return pool


class _Pool:
    def __init__(self) -> None:
        self.free = threading.BoundedSemaphore(MAX_LINES)
        self.idle: deque[Line] = deque()
        self.lines: list[Line] = []

    def take(self, dialer: Dialer) -> Line:
        """Return the line that was used last: its connection is the freshest."""
        try:
            return self.idle.pop()
        except IndexError:
            line = Line(dialer)
            self.lines.append(line)
            return line
