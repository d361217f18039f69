# SPDX-License-Identifier: Apache-2.0
"""What the outcome of an attempt says of the endpoint, rather than of the delivery."""

from datetime import timedelta
from enum import Enum
from typing import Final, assert_never

from bridge.model import Outcome, OutcomeKind

LONGEST_WISH: Final = timedelta(hours=1)
"""An endpoint that asks to be left alone is left alone for so long at most."""

_CROWDED: Final = frozenset({429, 503})
_FIRST_FAULT_OF_ITS_OWN: Final = 500


class Sign(Enum):
    """How an endpoint seems to be."""

    WELL = "well"
    """It answers, and be it that it refuses this one event."""
    CROWDED = "crowded"
    """It has too much to do: 429, 503, or no answer in time."""
    ILL = "ill"
    """It cannot be reached, or answers that it is at fault."""
    NONE = "none"
    """Nothing was heard of it."""


def sign_of(outcome: Outcome) -> Sign:
    """Return how an endpoint seems to be after an attempt."""
    match outcome.kind:
        case OutcomeKind.SUCCEEDED | OutcomeKind.GONE:
            return Sign.WELL
        case OutcomeKind.TIMED_OUT:
            return Sign.CROWDED
        case OutcomeKind.FAILED | OutcomeKind.BLOCKED:
            return Sign.ILL
        case OutcomeKind.LOST:
            return Sign.NONE
        case OutcomeKind.REFUSED:
            return _of_refusal(outcome.status)
        case _:
            assert_never(outcome.kind)


def rest_of(outcome: Outcome) -> timedelta | None:
    """Return how long a crowded endpoint asks to be left alone; None: it does not."""
    wish = outcome.retry_after
    if outcome.status not in _CROWDED or not wish:
        return None
    return min(wish, LONGEST_WISH)


def _of_refusal(status: int | None) -> Sign:
    if status in _CROWDED:
        return Sign.CROWDED
    if status is None or status >= _FIRST_FAULT_OF_ITS_OWN:
        return Sign.ILL
    return Sign.WELL
