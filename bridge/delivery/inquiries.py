# SPDX-License-Identifier: Apache-2.0
"""Gathers what listeners answer to events whose engines wait, and replies in time.

Lives on the event loop. The first attempt that ends decides for its listener, whether it
came with the event or from the database; who has not answered at the deadline is
silent. A delivery's fate does not depend on any of this.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from bridge.delivery.answers import answer_of, silence_of
from bridge.model import DeliveryId, Listener, Mode, Outcome, Question
from notifier.verdict import Answer

ENDED: Final = "the bridge ended"


@dataclass(slots=True, eq=False)
class _Inquiry:
    question: Question
    asked: Mapping[DeliveryId, Listener]
    answers: dict[DeliveryId, Answer] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None


class Inquiries:
    """The questions that are open, by the deliveries that answer them."""

    def __init__(self) -> None:
        self._open: dict[DeliveryId, list[_Inquiry]] = {}

    def open(self, question: Question, told: Mapping[DeliveryId, Listener]) -> None:
        """Wait for those of an event's listeners that may be waited for.

        Where there are none, the reply is given at once.
        """
        asked = {
            key: one for key, one in told.items() if one.callback.mode is Mode.CALL
        }
        if not asked:
            question.reply(())
            return
        inquiry = _Inquiry(question, asked)
        left = max(question.deadline - time.monotonic(), 0)
        loop = asyncio.get_running_loop()
        inquiry.timer = loop.call_later(left, self._close, inquiry)
        for delivery_id in asked:
            self._open.setdefault(delivery_id, []).append(inquiry)

    def wait_of(self, delivery_id: DeliveryId) -> timedelta | None:
        """Return how long a delivery's answer is waited for; None: it is not."""
        waiting = self._open.get(delivery_id)
        if waiting is None:
            return None
        latest = max(one.question.deadline for one in waiting)
        return timedelta(seconds=max(latest - time.monotonic(), 0))

    def note(self, delivery_id: DeliveryId, outcome: Outcome | None) -> None:
        """Take in the outcome of an attempt, if somebody waits for it.

        Args:
            delivery_id: Of which.
            outcome: None: this bridge attempts it no more.
        """
        for inquiry in self._open.pop(delivery_id, ()):
            listener = inquiry.asked[delivery_id]
            inquiry.answers[delivery_id] = (
                silence_of(listener, ENDED)
                if outcome is None
                else answer_of(listener, outcome)
            )
            if len(inquiry.answers) == len(inquiry.asked):
                self._close(inquiry)

    def _close(self, inquiry: _Inquiry) -> None:
        if inquiry.timer is not None:
            inquiry.timer.cancel()
        for delivery_id in inquiry.asked.keys() - inquiry.answers.keys():
            self._leave(delivery_id, inquiry)
        inquiry.question.reply(
            [
                inquiry.answers.get(delivery_id) or silence_of(listener)
                for delivery_id, listener in inquiry.asked.items()
            ]
        )

    def _leave(self, delivery_id: DeliveryId, inquiry: _Inquiry) -> None:
        waiting = self._open[delivery_id]
        waiting.remove(inquiry)
        if not waiting:
            del self._open[delivery_id]
