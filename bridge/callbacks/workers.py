# SPDX-License-Identifier: Apache-2.0
"""A bounded number of threads that run jobs, and never hold up the end of the process.

`concurrent.futures` waits for its threads at exit, and a thread in a look-up of the
system's resolver cannot be woken for half a minute; these are daemons.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

Job = Callable[[], None]

_log: Final = logging.getLogger(__name__)


class Workers:
    """Threads, started as they are needed; `run` and `close` belong to one thread.

    Args:
        limit: So many at most; further jobs wait in line.
        name: Of the threads, before a number.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._names = (f"{name}-{number}" for number in itertools.count(1))
        self._threads: list[threading.Thread] = []
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)

    def run(self, job: Job) -> None:
        """Let a thread run a job, soon; what it raises is logged."""
        self._jobs.put(job)
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._limit:
            thread = threading.Thread(
                target=self._work, name=next(self._names), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def close(self, timeout: float) -> None:
        """Let each thread end after its job; wait for that up to `timeout` seconds."""
        for _ in self._threads:
            self._jobs.put(None)
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # noqa: BLE001 - a loop's edge: logged, the thread goes on
                _log.exception("a job failed")
            self._idle.release()
