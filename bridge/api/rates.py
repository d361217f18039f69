# SPDX-License-Identifier: Apache-2.0
"""How many events a project may publish by this bridge's API, over time.

A request passes while its project has anything left, however many events it holds; what
it takes beyond is paid off before the next one. So any batch passes, and the rate holds.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from bridge.errors import QuotaReached

BURST_SECONDS: Final = 1.0
"""Who was quiet for so long may publish what they have saved up."""

MAX_PROJECTS: Final = 10_000
"""The ones that published last are kept in mind."""


class Rates:
    """What each project has left; any thread.

    Args:
        per_second: Events of one project; None: as many as it likes.
        steady: Seconds on a clock that never jumps.
    """

    def __init__(
        self,
        per_second: float | None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._steady = steady
        self._lock = threading.Lock()
        # when it was looked at, and what was left then
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, project: str, events: int) -> None:
        """Count events that a project is about to publish.

        Raises:
            QuotaReached: It must wait; nothing was counted.
        """
        rate = self._per_second
        if rate is None:
            return
        most = max(rate * BURST_SECONDS, 1.0)
        now = self._steady()
        with self._lock:
            at, left = self._left.pop(project, (now, most))
            left = min(left + (now - at) * rate, most)
            is_late = left < 1.0
            self._left[project] = now, left if is_late else left - events
            if len(self._left) > MAX_PROJECTS:
                self._left.popitem(last=False)
        if is_late:
            raise QuotaReached(
                f"project {project} may publish {rate:g} events a second",
                timedelta(seconds=(1.0 - left) / rate),
            )
