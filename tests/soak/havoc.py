# SPDX-License-Identifier: Apache-2.0
"""Faults that come again and again, and whoever starts again what ended."""

import threading
import time

LOOK_SECONDS = 0.1


class Recurring:
    """A context manager; something is done at times that are left to chance.

    Args:
        fault: What is done.
        between: The shortest and the longest pause after each, in seconds.
        chance: Chooses among them.

    Attributes:
        count: How often it was done.
        ended_at: When the last one was over, in monotonic seconds.
    """

    def __init__(self, fault, between, chance):
        self.count = 0
        self.ended_at = 0.0
        self._fault = fault
        self._between = between
        self._chance = chance
        self._error = None
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_stopped.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self):
        while not self._is_stopped.wait(self._chance.uniform(*self._between)):
            try:
                self._fault()
            except Exception as err:  # noqa: BLE001 - raised again where it is seen
                self._error = err
                return
            self.count += 1
            self.ended_at = time.monotonic()


class Supervisor:
    """A context manager; starts a bridge again whenever it ends, as systemd would.

    Attributes:
        starts: How often that was.
    """

    def __init__(self, bridge):
        self.starts = 0
        self._bridge = bridge
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_stopped.set()
        self._thread.join()

    def _run(self):
        while not self._is_stopped.wait(LOOK_SECONDS):
            if not self._bridge.runs:
                self._bridge.launch()
                self.starts += 1
