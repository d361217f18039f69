# SPDX-License-Identifier: Apache-2.0
"""A thread that tells what an engine's own loop must not wait to tell.

For an engine whose one loop serves everything: told there, a bus that is away would hold
up all of it.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

MAX_WAITING: Final = 1000

_log = logging.getLogger(__name__)


class Aside:
    """Does jobs one after the other, in their order. Safe to share between threads.

    Its thread begins with the first job, and does not keep the process alive.
    """

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], object] | None] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._mutex = threading.Lock()

    def do(self, job: Callable[[], object]) -> bool:
        """Leave a job here; return False if there are too many already.

        Never blocks. What a job raises is logged.
        """
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            _log.error("event not published", extra={"fault": "too many are waiting"})
            return False
        with self._mutex:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="workflow-notifier", daemon=True
                )
                self._thread.start()
        return True

    def close(self, within: timedelta) -> None:
        """Wait for the jobs that were left here, but not longer than that."""
        if self._thread is None:
            return
        deadline = time.monotonic() + within.total_seconds()
        try:
            self._jobs.put(None, timeout=within.total_seconds())
        except queue.Full:
            return
        self._thread.join(max(deadline - time.monotonic(), 0))

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # noqa: BLE001 - the thread lives on, whatever it was
                _log.exception("event not published")
