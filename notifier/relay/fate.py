# SPDX-License-Identifier: Apache-2.0
"""The rule: what becomes of a row that the bus refused.

It rests for a while, and all behind it of its execution waits for it. Only what the bus
refuses while it takes others counts against a row: a bus that takes nothing is broken,
and its rows are not. After so many attempts, or at once if it could never be published,
the row is set aside with the reason, and its execution goes on without it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from notifier.errors import Conflict, InvalidEvent, NotifierError

MAX_ATTEMPTS: Final = 12
"""With the pauses between them, some 25 minutes."""

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=5)

_HOPELESS: Final = (InvalidEvent, Conflict)


@dataclass(frozen=True, slots=True)
class Fate:
    """How a row stands after an attempt.

    Attributes:
        attempts: That count against it.
        due_at: When it may be tried again; None: never.
        reason: Why it was refused.
    """

    attempts: int
    due_at: datetime | None
    reason: str


def decide(fault: NotifierError, attempts: int, *, counts: bool, now: datetime) -> Fate:
    """Return what becomes of a row.

    Args:
        fault: Why the bus refused it.
        attempts: That counted so far.
        counts: Whether the bus takes others.
        now: The time.
    """
    reason = f"{type(fault).__name__}: {fault}"
    attempts += counts
    if isinstance(fault, _HOPELESS) or attempts >= MAX_ATTEMPTS:
        return Fate(attempts, None, reason)
    pause = min(FIRST_PAUSE * 2 ** max(attempts - 1, 0), LONGEST_PAUSE)
    return Fate(attempts, now + pause, reason)
