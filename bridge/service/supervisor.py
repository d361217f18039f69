# SPDX-License-Identifier: Apache-2.0
"""Several bridges as one program: forks them, again after they died, and ends them.

The parent has neither loop, threads nor connections: nothing that a fork would share
but the API's socket. Should it be killed, its children drain and end by themselves.

::

    start 0 ─ ready ─▶ start the others ─ all ready ─▶ READY
                 dead ─▶ a pause that grows ─▶ started again
    SIGTERM ─▶ SIGTERM to each ─▶ drained ─▶ 0
"""

import logging
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from bridge.errors import BridgeError
from bridge.service import systemd
from bridge.service.place import Place
from bridge.service.terminal import Terminal

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""Whoever lived so long is started again without a pause that has grown."""

_DOUBLINGS: Final = 20  # more than it takes, and no number too large
_LOOK_SECONDS: Final = 0.1
_HEEDED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_FAILED: Final = 1

_log = logging.getLogger(__name__)


def pause_after(deaths: int) -> float:
    """Return how many seconds to wait after so many deaths, one soon after another."""
    doubled = 2.0 ** min(deaths - 1, _DOUBLINGS)
    return min(FIRST_PAUSE_SECONDS * doubled, LONGEST_PAUSE_SECONDS)


class Supervisor:
    """The parent of several bridges.

    Args:
        count: How many.
        work: What each of them does, until it is told to stop; raises `BridgeError`
            where it cannot start.
        listening: The API's socket.
        announce: Told once all are ready.
    """

    def __init__(
        self,
        count: int,
        work: Callable[[Place], None],
        listening: socket.socket,
        announce: Callable[[str], None],
    ) -> None:
        self._count = count
        self._work = work
        self._listening = listening
        self._announce = announce
        self._numbers: dict[int, int] = {}
        self._began: dict[int, float] = {}
        self._deaths = dict.fromkeys(range(count), 0)
        self._due: dict[int, float] = {}
        self._ready: set[int] = set()
        self._is_up = False
        self._is_stopping = False
        self._status = 0
        self._terminal = Terminal()
        self._mask: set[signal.Signals | int] = set()
        self._siblings: list[socket.socket] = []
        self._life = self._word = (-1, -1)  # pipes: to read from, to write to

    def run(self) -> int:
        """Keep them running until a signal ends it; return the exit status."""
        with ExitStack() as stack:
            self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)
            stack.callback(signal.pthread_sigmask, signal.SIG_SETMASK, self._mask)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self._siblings = [
                stack.enter_context(_listening_at(folder / str(number)))
                for number in range(self._count)
            ]
            self._life, self._word = os.pipe(), os.pipe()
            for end in (*self._life, *self._word):
                stack.callback(os.close, end)
            os.set_blocking(self._word[0], False)
            self._due[0] = 0.0
            self._keep()
        return self._status

    def _keep(self) -> None:
        while True:
            self._start_due()
            if not self._numbers and not self._due:
                return
            told = signal.sigtimedwait(_HEEDED, self._patience())
            if told is not None:
                self._heed(told.si_signo)
            self._bury()
            self._hear()

    def _patience(self) -> float:
        if not self._is_up:
            return _LOOK_SECONDS
        soonest = min(self._due.values(), default=time.monotonic() + STEADY_SECONDS)
        return max(soonest - time.monotonic(), 0.0)

    def _heed(self, number: int) -> None:
        if number == signal.SIGHUP and not self._terminal.is_gone:
            self._pass_on(signal.SIGHUP)
        elif number != signal.SIGCHLD:
            self._stop()

    def _stop(self) -> None:
        self._is_stopping = True
        self._due.clear()
        self._pass_on(signal.SIGTERM)

    def _pass_on(self, number: signal.Signals) -> None:
        for pid in self._numbers:
            os.kill(pid, number)

    def _bury(self) -> None:
        for pid in tuple(self._numbers):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                self._died(pid, os.waitstatus_to_exitcode(status))

    def _died(self, pid: int, status: int) -> None:
        number = self._numbers.pop(pid)
        lived = time.monotonic() - self._began.pop(number)
        self._ready.discard(number)
        if self._is_stopping:
            # One that was only starting knew no better way to end.
            if status not in (0, -signal.SIGTERM):
                self._status = _FAILED
            return
        if not self._is_up and status > 0:
            self._status = status  # it has said why, and the next would say the same
            self._stop()
            return
        self._deaths[number] = 1 if lived > STEADY_SECONDS else self._deaths[number] + 1
        pause = pause_after(self._deaths[number])
        self._due[number] = time.monotonic() + pause
        data = {"worker": number, "status": status, "pause_seconds": pause}
        _log.error("worker died; it is started again", extra=data)

    def _hear(self) -> None:
        try:
            told = os.read(self._word[0], self._count)
        except BlockingIOError:
            return
        self._ready.update(told)
        if self._is_up or self._is_stopping:
            return
        if len(self._ready) == self._count:
            self._is_up = True
            self._announce(f"workers: {self._count}")
            systemd.tell(systemd.READY)
        for number in range(1, self._count):
            if number not in self._numbers.values():
                self._due.setdefault(number, 0.0)

    def _start_due(self) -> None:
        now = time.monotonic()
        for number in [one for one, due in self._due.items() if due <= now]:
            del self._due[number]
            self._began[number] = now
            pid = os.fork()
            if not pid:
                self._live(number)
            self._numbers[pid] = number

    def _live(self, number: int) -> None:
        """Be a child; does not return."""
        status = _FAILED
        try:
            os.close(self._life[1])
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            place = Place(
                number,
                self._listening,
                self._siblings,
                lifeline=self._life[0],
                ready=self._word[1],
            )
            self._work(place)
            status = 0
        except BridgeError as err:
            _log.error("worker cannot start", extra={"reason": str(err)})
        except Exception:  # noqa: BLE001 - the end of a process: logged
            _log.exception("worker failed")
        finally:
            with suppress(Exception):
                logging.shutdown()  # at exit, which the next line passes over
            os._exit(status)


def _listening_at(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    return listening
