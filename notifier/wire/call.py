# SPDX-License-Identifier: Apache-2.0
"""Question and answers ↔ AMQP: who waits for what listeners say, and what they say.

::

    question  properties reply_to correlation_id, header workflow-wait-ms: 5000
    reply     property correlation_id, body
              {"verdict": "refused", "answers": [{"listener_id": "lst_1",
               "name": "gate", "accepted": false, "answered": true,
               "reason": "not now"}]}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from notifier.errors import InvalidEvent
from notifier.verdict import Answer, Verdict
from notifier.wire.body import decode_json, encode_json

WAIT_HEADER: Final = "workflow-wait-ms"
"""How long is waited for an answer: on the bus, and in the webhook."""

DEFAULT_WAIT: Final = timedelta(seconds=5)
MAX_WAIT: Final = timedelta(seconds=60)

_MILLISECOND: Final = timedelta(milliseconds=1)
_MOST_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Question:
    """Somebody waits for the answers to an event.

    Attributes:
        reply_to: Queue that the reply goes to.
        correlation_id: Given back with it.
        within: So long is waited.
    """

    reply_to: str
    correlation_id: str
    within: timedelta

    @property
    def properties(self) -> dict[str, str]:
        """Of the message that asks it."""
        return {"reply_to": self.reply_to, "correlation_id": self.correlation_id}

    @property
    def headers(self) -> dict[str, str]:
        """Of the message that asks it."""
        return {WAIT_HEADER: wait_text(self.within)}


def wait_text(wait: timedelta) -> str:
    """Return a wait as its header says it: whole milliseconds."""
    return str(max(wait // _MILLISECOND, 0))


def question_of(
    properties: Mapping[str, Any], headers: Mapping[str, Any]
) -> Question | None:
    """Return what a message asks; None: nobody waits.

    A wait that is missing or unreadable is 5 seconds; at most it is 60.
    """
    reply_to = properties.get("reply_to")
    if not reply_to:
        return None
    said = str(headers.get(WAIT_HEADER, ""))
    wait = DEFAULT_WAIT
    if said.isascii() and said.isdigit():
        is_long = len(said) > _MOST_DIGITS
        wait = MAX_WAIT if is_long else min(int(said) * _MILLISECOND, MAX_WAIT)
    return Question(str(reply_to), str(properties.get("correlation_id", "")), wait)


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict's JSON."""
    return {
        "verdict": verdict.ruling.value,
        "answers": [
            {
                "listener_id": one.listener_id,
                "name": one.name,
                "accepted": one.is_accepted,
                "answered": one.is_answered,
                "reason": one.reason,
            }
            for one in verdict.answers
        ],
    }


def encode_reply(answers: Sequence[Answer]) -> bytes:
    """Return the body of a reply."""
    return encode_json("reply", verdict_json(Verdict.of(answers)))


def decode_reply(body: bytes) -> tuple[Answer, ...] | None:
    """Return what a reply says; None: no bridge wrote it."""
    try:
        return answers_in(decode_json(body))
    except InvalidEvent:
        return None


def answers_in(value: object) -> tuple[Answer, ...] | None:
    """Return the answers in a verdict's JSON; None: it holds no bridge's."""
    match value:
        case {"verdict": "accepted" | "refused", "answers": list(answers)}:
            said = [_answer(one) for one in answers]
            return None if None in said else tuple(one for one in said if one)
        case _:
            return None


def _answer(value: object) -> Answer | None:
    match value:
        case {"listener_id": str(who), "accepted": bool(is_accepted), **rest}:
            name, reason = rest.get("name"), rest.get("reason")
            return Answer(
                who,
                None if name is None else str(name),
                is_accepted,
                is_answered=rest.get("answered") is not False,
                reason=None if reason is None else str(reason),
            )
        case _:
            return None
