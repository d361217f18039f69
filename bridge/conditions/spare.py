# SPDX-License-Identifier: Apache-2.0
"""Keeps a process started ahead, for the moment when the one at work is ended.

A start takes 0.3 s, in which nobody is answered. Lives on the event loop.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from bridge.conditions.process import Process

_LOG: Final = logging.getLogger(__name__)


class Spare:
    """One process that has no work yet, or none."""

    def __init__(self) -> None:
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """Id of the process, once it is ready."""
        process = self._process
        return None if process is None or not process.is_ready else process.pid

    def prepare(self) -> None:
        """Start it, unless it was."""
        if self._process is not None:
            return
        try:
            self._process = Process(self._hear, self._ended)
        except OSError as err:  # the next start will tell
            _LOG.warning("no process can be started ahead", extra={"reason": str(err)})

    def take(
        self, hear: Callable[[Any], None], ended: Callable[[int], None]
    ) -> Process | None:
        """Give it away, ready or still starting, to whom its frames concern now."""
        process, self._process = self._process, None
        if process is not None:
            process.hand_over(hear, ended)
        return process

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _hear(self, _: Any) -> None:  # noqa: ANN401 - JSON's edge
        """Take note of nothing: it says only that it is ready."""

    def _ended(self, status: int) -> None:
        _LOG.warning("a process started ahead ended", extra={"status": status})
        self._process = None
