# SPDX-License-Identifier: Apache-2.0
"""The attempts of one callback that are under way, each ended once and in time.

Lives on the event loop, which keeps the time: an attempt is over at its deadline,
whatever holds it up. `close` alone may be called from any thread.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.model import Call, Outcome, OutcomeKind

Done = Callable[[Outcome], None]

CLOSE_SECONDS: Final = 1.0

_log: Final = logging.getLogger(__name__)


def _nothing() -> None:
    pass


class Attempt:
    """One try.

    Attributes:
        call: What to bring to whom.
        done: Told the outcome, once.
        started_at: By the wall clock.
        started: By `time.monotonic`.
        late: What is missing, as people are told when the time is over; before
            ``"15 s"``.
        cut: Called when it is over before its callback has ended it.
        status: HTTP status, once it is known.
        timer: Goes off at the deadline.
    """

    __slots__ = ("call", "cut", "done", "late", "started", "started_at", "status",
                 "timer")  # fmt: skip

    def __init__(self, call: Call, done: Done, late: str) -> None:
        self.call = call
        self.done = done
        self.late = late
        self.started_at = datetime.now(UTC)
        self.started = time.monotonic()
        self.cut: Callable[[], None] = _nothing
        self.status: int | None = None
        self.timer: asyncio.TimerHandle | None = None

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return self.call.listener.callback.timeout.total_seconds()

    @property
    def remaining(self) -> float:
        """Seconds to its deadline; below zero when that has passed."""
        return self.seconds - (time.monotonic() - self.started)

    def outcome(
        self,
        kind: OutcomeKind,
        *,
        status: int | None = None,
        error: str | None = None,
        answer: bytes = b"",
        retry_after: timedelta | None = None,
    ) -> Outcome:
        """Return an outcome that says when it began, and how long it took.

        Args:
            kind: How it ended.
            status: Default: what is known of it.
            error: As in `Outcome`, likewise those below.
            answer: Of the receiver.
            retry_after: Its wish.
        """
        duration = timedelta(seconds=time.monotonic() - self.started)
        status = self.status if status is None else status
        return Outcome(
            kind, self.started_at, duration, status, error, answer, retry_after
        )

    def timed_out(self) -> Outcome:
        """Return the outcome at its deadline."""
        error = f"{self.late} {self.seconds:g} s"
        return self.outcome(OutcomeKind.TIMED_OUT, error=error)


class Attempts:
    """Those under way.

    Args:
        loop: Runs `done`, and keeps the time.
        late: Of each new attempt.
        slack: Each may take so many seconds longer than its listener allows.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, late: str, *, slack: float = 0.0
    ) -> None:
        self._loop = loop
        self._late = late
        self._slack = slack
        self._open: set[Attempt] = set()
        self._is_closed = False

    def __contains__(self, attempt: Attempt) -> bool:
        """Tell whether an attempt is still to be ended."""
        return attempt in self._open

    def begin(self, call: Call, done: Done) -> Attempt | None:
        """Return a new attempt; None if it is lost already, for all is closed."""
        attempt = Attempt(call, done, self._late)
        self._open.add(attempt)
        if self._is_closed:
            self._loop.call_soon(self._lose, attempt)
            return None
        limit = attempt.seconds + self._slack
        attempt.timer = self._loop.call_later(limit, self._expire, attempt)
        return attempt

    def end(self, attempt: Attempt, outcome: Outcome) -> None:
        """Tell what came of an attempt, unless that is told already."""
        if attempt not in self._open:
            return  # its time was up, or the bridge closes
        self._open.remove(attempt)
        if attempt.timer is not None:
            attempt.timer.cancel()
        try:
            attempt.done(outcome)
        except Exception:  # noqa: BLE001 - a loop's edge: others end in the same turn
            _log.exception("what came of an attempt could not be told")

    def close(self) -> None:
        """Lose what is open and what still comes; returns when that is told."""
        self._is_closed = True
        if not self._loop.is_running() or _running_loop() is self._loop:
            self._lose_all()
            return
        told = threading.Event()
        self._loop.call_soon_threadsafe(self._lose_all)
        self._loop.call_soon_threadsafe(told.set)
        told.wait(CLOSE_SECONDS)

    def _expire(self, attempt: Attempt) -> None:
        attempt.cut()
        self.end(attempt, attempt.timed_out())

    def _lose(self, attempt: Attempt) -> None:
        attempt.cut()
        self.end(attempt, attempt.outcome(OutcomeKind.LOST, error="the bridge ended"))

    def _lose_all(self) -> None:
        for attempt in tuple(self._open):
            self._lose(attempt)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
