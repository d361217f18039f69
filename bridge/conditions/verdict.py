# SPDX-License-Identifier: Apache-2.0
"""What is found when a condition is put to an event."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Verdict(Enum):
    """Whether the condition holds; only a match lets the event through."""

    MATCH = "match"
    NO_MATCH = "no match"
    MISSING = "missing"
    """It asks for a member that is absent, or looks into null: no match."""
    ERROR = "error"
    """It fails on this event, or at every one: no match, and worth a look."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and, where there is more to say, why.

    Attributes:
        reason: One line for a person to read; quotes the condition, never the event.
    """

    verdict: Verdict
    reason: str | None = None


MATCH: Final = Judgement(Verdict.MATCH)
NO_MATCH: Final = Judgement(Verdict.NO_MATCH)
