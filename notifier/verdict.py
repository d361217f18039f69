# SPDX-License-Identifier: Apache-2.0
"""What listeners say to an event that waits for their answers; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from notifier.errors import CallRefused

OnTimeout = Literal["accept", "refuse"]
"""What silence counts as."""


class Ruling(Enum):
    """What came of a call."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    """No bridge answered in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one listener said.

    Attributes:
        listener_id: Its id.
        name: Its name, if it has one.
        is_accepted: Whether the engine may go on.
        is_answered: False: it did not say so, but its ``on_timeout``.
        reason: Why it is not, or why it did not say; one line for a person.
    """

    listener_id: str
    name: str | None
    is_accepted: bool
    is_answered: bool = True
    reason: str | None = None

    def __str__(self) -> str:
        who = self.listener_id if self.name is None else self.name
        return who if self.reason is None else f"{who}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a call; true where the engine may go on.

    Attributes:
        ruling: See `Ruling`.
        is_accepted: Whether the engine may go on. Where no bridge answered, the
            caller's own rule says so.
        answers: Of every listener that was asked.
        reason: Why no bridge answered.

    Example:
        >>> answers = [Answer("lst_1", "audit", True), Answer("lst_2", "gate", False)]
        >>> bool(Verdict.of(answers)), Verdict.of(answers).ruling
        (False, <Ruling.REFUSED: 'refused'>)
    """

    ruling: Ruling
    is_accepted: bool
    answers: tuple[Answer, ...] = ()
    reason: str | None = None

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "Verdict":
        """Return the verdict of listeners: one that refuses is enough."""
        is_accepted = all(one.is_accepted for one in answers)
        ruling = Ruling.ACCEPTED if is_accepted else Ruling.REFUSED
        return cls(ruling, is_accepted, tuple(answers))

    @classmethod
    def unanswered(cls, on_timeout: OnTimeout, reason: str) -> "Verdict":
        """Return the verdict where no bridge answered."""
        is_accepted = on_timeout == "accept"
        return cls(Ruling.UNANSWERED, is_accepted, reason=reason)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the engine may not go on, one for each who refuses; else empty."""
        if self.is_accepted:
            return ()
        if self.ruling is Ruling.UNANSWERED:
            return ("no answer in time" if self.reason is None else self.reason,)
        return tuple(str(one) for one in self.answers if not one.is_accepted)

    def raise_if_refused(self) -> None:
        """Raise unless the engine may go on.

        Raises:
            CallRefused: Holds the reasons.
        """
        if not self.is_accepted:
            if self.ruling is Ruling.UNANSWERED:
                raise CallRefused(self.reasons, said="refused: ")
            raise CallRefused(self.reasons)

    def __bool__(self) -> bool:
        return self.is_accepted
