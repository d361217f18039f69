# SPDX-License-Identifier: Apache-2.0
"""``bridge`` in a process whose wall clock is set again and again.

``python -m tests.moved_clock …`` takes the arguments of ``bridge``. By how many seconds
the clock is off stands in the file that ``CLOCK_OFF_BY`` names; what is written there
counts at once. Time that passes does so as ever.
"""

import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import time_machine

from bridge.cli import main

LOOK_SECONDS = 0.02


class Wall:
    """The clock of this process, from enter on."""

    def __init__(self, file):
        self._file = file
        self._off_by = 0.0
        self._travel = time_machine.travel(datetime.now(UTC), tick=True)

    def __enter__(self):
        self._clock = self._travel.start()
        self.set()
        return self

    def __exit__(self, *_):
        self._travel.stop()

    def set(self):
        """Set it as the file says."""
        wanted = float(self._file.read_text())
        self._clock.shift(wanted - self._off_by)
        self._off_by = wanted

    def follow(self):
        """Set it whenever the file says so."""
        while True:
            self.set()
            time.sleep(LOOK_SECONDS)


def run():
    """Run the bridge."""
    with Wall(Path(os.environ["CLOCK_OFF_BY"])) as wall:
        threading.Thread(target=wall.follow, daemon=True).start()
        sys.exit(main())


if __name__ == "__main__":
    run()
