# SPDX-License-Identifier: Apache-2.0
"""Tells the time by which all bridges on one database agree: PostgreSQL's own.

Between two looks at it time passes as on a monotonic clock, so that a machine's wall
clock may be wrong or jump. SQLite has no clock but the machine's, and one bridge: there
the wall clock is read once, at the start, and what is due follows if it was set since
the start before (`bridge.store.jumps`).
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from bridge.store.database import Database

MAX_ROUND_TRIP: Final = timedelta(seconds=1)
"""An answer that took longer says too little, unless it is the first."""

# It goes on while the machine sleeps, where there is such a one.
_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock:
    """The time of one database.

    Args:
        database: Whose.
        wall: The machine's clock; read once.
    """

    def __init__(
        self,
        database: Database,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._anchor = wall(), _steady()
        self._has_looked = False

    def now(self) -> datetime:
        """Return the time; quick, from any thread."""
        then, at = self._anchor
        return then + timedelta(0, 0, _steady() - at)

    @property
    def zero(self) -> datetime:
        """When the machine was started, by this clock."""
        then, at = self._anchor
        return then - timedelta(microseconds=at)

    def synchronise(self) -> None:
        """Look at the database's clock; blocking.

        Raises:
            StoreError: The database did not answer; time goes on as before.
        """
        if self._database.is_sqlite:
            return
        with self._database.read() as connection:
            before = _steady()
            said = connection.execute(select(func.clock_timestamp())).scalar_one()
            took = timedelta(microseconds=_steady() - before)
        if took <= MAX_ROUND_TRIP or not self._has_looked:
            half = took // 2 // timedelta(microseconds=1)
            self._anchor = said.astimezone(UTC), before + half
            self._has_looked = True


def _steady() -> int:
    """Return microseconds."""
    return time.clock_gettime_ns(_STEADY) // 1000
