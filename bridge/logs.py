# SPDX-License-Identifier: Apache-2.0
"""How a bridge's log lines look: as all of ours, and few of its libraries'.

Those of which there are two for each event are written many at a time, within a tenth
of a second; any other line at once, after what was told before it.
"""

import logging
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Literal

from notifier import logs

# They tell at INFO what the bridge tells itself, or nobody needs to know.
CHATTY: Final = ("alembic", "uvicorn")

MOST_LINES: Final = 500
"""So many are kept at most, before they are written."""

# A full disk or a closed stream costs log lines; whoever delivers must not fail for that.
_COSTS_LINES: Final = (OSError, ValueError)


class Together(logging.StreamHandler[Any]):
    """Standard error, where frequent lines are written together; any thread."""

    formatter: logs.Form

    def __init__(self) -> None:
        super().__init__()
        self._kept: deque[logs.Told] = deque()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line now."""
        self._write()
        super().emit(record)

    def tell(self, name: str, message: str, data: Mapping[str, Any]) -> None:
        """Write a line at INFO soon: at the latest when `flush` is called."""
        self._kept.append(logs.Told(time.time(), name, message, data))
        if len(self._kept) >= MOST_LINES:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        self.acquire()
        try:
            self._write()
            with suppress(*_COSTS_LINES):
                super().flush()
        finally:
            self.release()

    def close(self) -> None:
        """Write what is kept: another may take its place."""
        self.flush()
        super().close()

    def _write(self) -> None:
        kept = [self._kept.popleft() for _ in range(len(self._kept))]
        if kept:
            lines = [*self.formatter.lines(kept), ""]
            with suppress(*_COSTS_LINES):
                self.stream.write(self.terminator.join(lines))


def set_up(level: str, form: Literal["line", "json"]) -> None:
    """Send all log lines to standard error.

    Args:
        level: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
        form: How a line looks.
    """
    logs.set_up(level, form, CHATTY, Together())


def frequent(log: logging.Logger) -> Together | None:
    """Return what writes a logger's frequent lines; None: who set logging up does.

    That is so where a program that holds a bridge has its own ideas.
    """
    handlers = logging.root.handlers
    if len(handlers) != 1 or log.handlers or log.filters:
        return None
    (only,) = handlers
    return only if isinstance(only, Together) else None


def flush() -> None:
    """Write the frequent lines that are kept."""
    for handler in logging.root.handlers:
        if isinstance(handler, Together):
            handler.flush()
