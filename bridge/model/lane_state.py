# SPDX-License-Identifier: Apache-2.0
"""How a listener's endpoint is dealt with, as it is kept and shown."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bridge.model.listener import ListenerId


class BreakerState(Enum):
    """Whether an endpoint is called."""

    CLOSED = "closed"
    """It is, as usual."""
    OPEN = "open"
    """It is not."""
    HALF_OPEN = "half-open"
    """One call is under way, to see how it is."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """Of one listener; a listener whose endpoint is well has none.

    Attributes:
        breaker: Of its endpoint.
        since: When the breaker came to that state.
        reason: Why it is not closed.
        limit: Calls at a time, as the endpoint bears them; None: as the listener has it.
        failing_since: From then on every attempt has failed.
        failed_at: When the last of these did.
    """

    listener_id: ListenerId
    breaker: BreakerState = BreakerState.CLOSED
    since: datetime | None = None
    reason: str | None = None
    limit: int | None = None
    failing_since: datetime | None = None
    failed_at: datetime | None = None
