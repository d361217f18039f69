# SPDX-License-Identifier: Apache-2.0
"""The seam that every way of receiving events fits behind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.model import Envelope, Question


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """An event that a source hands on.

    Attributes:
        is_repeat: It may have been handed on before: what is recorded of it counts.
        settle: To be called once everything about it is recorded; from then on it
            never comes again.
        reject: To be called instead, with the reason, if it can never be recorded: it
            is set aside and never comes again.
        question: Of somebody who waits for the answers; None: nobody does.
        is_suspect: It may have been in flight when a bridge died, perhaps of it.
    """

    envelope: Envelope
    is_repeat: bool
    settle: Callable[[], None]
    reject: Callable[[str], None]
    question: Question | None = None
    is_suspect: bool = False


def again(envelope: Envelope, question: Question) -> Received:
    """Return an event that is the bridge's already, for somebody who asks anew."""
    return Received(
        envelope, is_repeat=True, settle=_nothing, reject=_nothing, question=question
    )


Sink = Callable[[Received], None]
"""Takes what is handed on; never raises."""


class Source(Protocol):
    """Where events come from. Lives on the event loop."""

    @property
    def is_consuming(self) -> bool:
        """Whether events that arrive now would be handed on."""

    async def run(self, sink: Sink) -> None:
        """Hand events on until `stop`; finds its way back after faults by itself."""

    async def stop(self) -> None:
        """Hand on no more; what was handed on can still be settled."""

    async def close(self) -> None:
        """Let go; what is not settled comes again, here or elsewhere."""


def _nothing(*_: object) -> None:
    """Do nothing: the event is settled."""
