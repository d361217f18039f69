# SPDX-License-Identifier: Apache-2.0
"""The terms that a dispatcher works on: how patient it is, and whom it tells."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bridge.delivery.flight import Flight
from bridge.model import Call, Delivery, Listener, Outcome


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a delivery may keep its event unrecorded.

    Attributes:
        attempt: An attempt that is still open after this is recorded as parked.
        line: One that would wait longer for a slot is parked.
    """

    attempt: timedelta = timedelta(seconds=1)
    line: timedelta = timedelta(milliseconds=200)


@dataclass(frozen=True, slots=True)
class Reports:
    """Who is told what happens here, beside the recorder.

    Attributes:
        attempted: After each attempt.
        gone: A receiver wants no more; its listener is to be disabled.
        parked: Something waits in the database that may be due.
        batched: A delivery is left there to be told with others.
    """

    attempted: Callable[[Call, Outcome, Delivery], None]
    gone: Callable[[Listener], None]
    parked: Callable[[], None]
    batched: Callable[[Flight], None]
