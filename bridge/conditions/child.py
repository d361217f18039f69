# SPDX-License-Identifier: Apache-2.0
"""Puts conditions to events in a child process that may be killed at any time.

Expressions are judged one after the other, many events under way at once. Who takes too
long is killed with the process and blamed; who waited behind is sent again, unharmed.
"""

import asyncio
import logging
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from bridge.conditions.frames import READY, encode
from bridge.conditions.limits import CPU_LIMIT, SILENCE_LIMIT, START_LIMIT
from bridge.conditions.process import Process
from bridge.conditions.spare import Spare
from bridge.conditions.suspension import Suspensions
from bridge.conditions.verdict import Judgement, Verdict

_LOG: Final = logging.getLogger(__name__)
_UNDER_WAY: Final = 16  # events sent ahead, to keep the process busy
_RESTS_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 5.0)
"""After each failure in a row; the last again and again."""
_UNWELL: Final = 3  # failures in a row
_DEATHS: Final = 2  # at one expression, for no known reason

_TOO_LONG: Final = Judgement(
    Verdict.ERROR, f"took over {CPU_LIMIT.total_seconds() * 1000:.0f} ms"
)
_DEADLY: Final = Judgement(
    Verdict.ERROR, f"ended the process that evaluates it, {_DEATHS} times"
)
_SUSPENDED: Final = Judgement(
    Verdict.ERROR, "was too costly, time and again; not evaluated for a while"
)
_NO_JSON: Final = Judgement(Verdict.ERROR, "the event's data is not JSON")

Done = Callable[[Sequence[Judgement]], None]
"""Takes a judgement for each condition, in their order."""


class Child:
    """Answers whether conditions hold; made, used and closed on one event loop.

    The process is started by the first evaluation, and again after each end while
    anything waits. What waits is never given up: that no process can be had is nobody's
    fault, and an event that nobody judged must not pass for one that matched nothing.

    After the first overrun a second process is kept ready, to take the first one's place.

    Example:
        >>> async def is_task_free(data):
        ...     judged = asyncio.get_running_loop().create_future()
        ...     child = Child()
        ...     child.evaluate(["$.task = null"], data, judged.set_result)
        ...     try:
        ...         return await judged
        ...     finally:
        ...         child.close()
        >>> asyncio.run(is_task_free({"task": None}))
        [Judgement(verdict=<Verdict.MATCH: 'match'>, reason=None)]
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._suspensions: Final = Suspensions()
        self._spare: Final = Spare()
        self._process: Process | None = None
        self._closed = False
        self._waiting: deque[_Job] = deque()
        self._sent: deque[_Job] = deque()
        self._heard = 0
        self._failures = 0
        self._watch: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """Id of the process, while there is one."""
        return None if self._process is None else self._process.pid

    @property
    def spare_pid(self) -> int | None:
        """Id of the process that stands ready to take over, while there is one."""
        return self._spare.pid

    @property
    def is_well(self) -> bool:
        """Whether answers may be expected; not after some failures in a row."""
        return self._failures < _UNWELL

    @property
    def suspended(self) -> int:
        """How many conditions are not evaluated, since they overran too often."""
        return self._suspensions.count(self._loop.time())

    def evaluate(
        self, conditions: Sequence[str], data: Mapping[str, Any], done: Done
    ) -> None:
        """Put conditions to one event; never blocks, never raises.

        Args:
            conditions: Expressions; the same one many times costs as much as once.
            data: The event's ``data``, what `$` stands for; not to be changed before
                `done`.
            done: Called exactly once, on the loop's thread, with a judgement for each
                condition, in their order; maybe before this method returns. Only
                `close` keeps it from being called.
        """
        if not conditions:
            done(())
            return
        once = deque(dict.fromkeys(conditions))
        self._waiting.append(_Job(conditions, data, done, once))
        self._pump()

    def close(self) -> None:
        """End the process; what is still open is dropped. Blocks a few ms."""
        self._closed = True
        self._waiting.clear()
        self._sent.clear()
        self._stop_watch()
        if self._rest is not None:
            self._rest.cancel()
        if self._process is not None:
            self._process.close()
            self._process = None
        self._spare.close()

    def _pump(self) -> None:
        """Send as much as may be under way; start a process if there is none."""
        if self._closed or not self._waiting or self._rest is not None:
            return
        if self._process is None:
            self._start()
        process = self._process
        if process is None:
            return
        if not process.is_ready:
            self._watch_over(START_LIMIT)
            return
        while self._waiting and len(self._sent) < _UNDER_WAY:
            self._send(process, self._waiting.popleft())
        self._watch_over(SILENCE_LIMIT)

    def _start(self) -> None:
        self._process = self._spare.take(self._hear, self._ended)
        if self._process is not None:
            self._spare.prepare()
            return
        try:
            self._process = Process(self._hear, self._ended)
        except OSError as err:
            self._failed(f"it cannot be started: {err.strerror}")

    def _send(self, process: Process, job: "_Job") -> None:
        self._leave_out(job)
        if not job.open:
            self._answer(job)
            return
        try:
            frame = encode({"when": [*job.open], "data": job.data})
        except (TypeError, ValueError, RecursionError):
            self._give_up(job, _NO_JSON)
        else:
            self._sent.append(job)
            process.send(frame)

    def _hear(self, frame: Any) -> None:  # noqa: ANN401 - JSON's edge
        self._heard += 1
        if frame == READY:
            self._stop_watch()
        else:
            verdict, reason = frame
            self._failures = 0
            self._judge(Judgement(Verdict(verdict), reason))
        self._pump()

    def _judge(self, judgement: Judgement) -> None:
        """Settle the expression that the process was busy with."""
        job = self._sent[0]
        job.found[job.open.popleft()] = judgement
        job.deaths = 0
        if not job.open:
            self._answer(self._sent.popleft())

    def _leave_out(self, job: "_Job") -> None:
        """Answer for what is suspended."""
        now = self._loop.time()
        for text in list(job.open):
            if self._suspensions.holds(text, now):
                job.found[text] = _SUSPENDED
                job.open.remove(text)
                job.deaths = 0  # they were that one's, or are nobody's

    def _give_up(self, job: "_Job", judgement: Judgement) -> None:
        job.found.update(dict.fromkeys(job.open, judgement))
        self._answer(job)

    def _answer(self, job: "_Job") -> None:
        # through the loop: what fails in `done` must not fail here
        self._loop.call_soon(job.done, [job.found[text] for text in job.conditions])

    def _ended(self, status: int) -> None:
        was_ready = self._process is not None and self._process.is_ready
        at_fault = was_ready and status == -signal.SIGPROF
        if self._sent:
            self._blame(at_fault=at_fault)
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()
        self._process = None
        self._stop_watch()
        if at_fault:
            self._pump()
            self._spare.prepare()
        else:
            self._failed(f"it ended with status {status}")

    def _blame(self, *, at_fault: bool) -> None:
        job = self._sent[0]
        job.deaths += 1
        if not at_fault and job.deaths < _DEATHS:
            return
        self._suspensions.overran(job.open[0], self._loop.time())
        self._judge(_TOO_LONG if at_fault else _DEADLY)

    def _failed(self, why: str) -> None:
        """Rest before the next start, so that no failure turns into a busy loop."""
        _LOG.warning("evaluating conditions failed", extra={"reason": why})
        rest = _RESTS_SECONDS[min(self._failures, len(_RESTS_SECONDS) - 1)]
        self._failures += 1
        self._rest = self._loop.call_later(rest, self._rested)

    def _rested(self) -> None:
        self._rest = None
        self._pump()

    def _watch_over(self, limit: timedelta) -> None:
        if self._watch is None:
            seconds = limit.total_seconds()
            self._watch = self._loop.call_later(seconds, self._check, self._heard)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _check(self, heard: int) -> None:
        """Kill a process that was silent all the time though it had work to do."""
        self._watch = None
        process = self._process
        if process is None:
            return
        process.receive()  # or was it the loop that was late?
        if self._process is not process or (process.is_ready and not self._sent):
            return
        if self._heard == heard:
            process.kill()
        else:
            self._watch_over(SILENCE_LIMIT)


@dataclass(slots=True)
class _Job:
    """One event and what is asked of it.

    Attributes:
        open: Expressions without a judgement yet, each once.
        deaths: How often the process ended at the first of them.
    """

    conditions: Sequence[str]
    data: Mapping[str, Any]
    done: Done
    open: deque[str]
    found: dict[str, Judgement] = field(default_factory=dict)
    deaths: int = 0
