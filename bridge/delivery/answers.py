# SPDX-License-Identifier: Apache-2.0
"""What an attempt's outcome says to somebody who waits for the answer; pure rules."""

import json
from http import HTTPStatus
from typing import Final

from bridge.callbacks.answer import kept, secrets_of
from bridge.model import Call, Listener, Outcome, OutcomeKind
from notifier.verdict import Answer

MAX_REASON_CHARS: Final = 500
LATE: Final = "no answer in time"

# These speak of now, not of the event (RFC 9110 §15.5.9, RFC 8470, RFC 6585).
_NOT_NOW: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_MEMBERS: Final = ("reason", "detail", "title")


def is_refusal(outcome: Outcome) -> bool:
    """Tell whether a receiver said no: a 4xx that is about the event."""
    status = outcome.status
    return (
        outcome.kind is OutcomeKind.REFUSED
        and status is not None
        and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status not in _NOT_NOW
    )


def refusal_of(call: Call, outcome: Outcome) -> str | None:
    """Return why a receiver said no to somebody who waits; None: it did not."""
    if call.wait is None or not is_refusal(outcome):
        return None
    return reason_of(call.listener, outcome)


def answer_of(listener: Listener, outcome: Outcome) -> Answer:
    """Return what a listener answered, or what its silence counts as."""
    if outcome.kind is OutcomeKind.SUCCEEDED:
        return Answer(listener.id, _name_of(listener), is_accepted=True)
    if is_refusal(outcome):
        reason = reason_of(listener, outcome)
        name = _name_of(listener)
        return Answer(listener.id, name, is_accepted=False, reason=reason)
    return silence_of(listener, outcome.error or LATE)


def silence_of(listener: Listener, reason: str = LATE) -> Answer:
    """Return what it counts as that a listener did not say yes or no."""
    return Answer(
        listener.id,
        _name_of(listener),
        is_accepted=listener.callback.on_timeout != "refuse",
        is_answered=False,
        reason=reason,
    )


def reason_of(listener: Listener, outcome: Outcome) -> str:
    """Return why a receiver refuses, in its own words if it has any.

    They are the member ``reason``, ``detail`` or ``title`` of an answer in JSON, or the
    first line of one in plain text. What is secret is starred out.
    """
    said = _said(outcome.answer.decode(errors="replace").strip())
    # Once more: escapes of JSON may have hidden a secret from those who kept it.
    masked = kept(said.encode(errors="replace"), secrets_of(listener)).decode(
        errors="replace"
    )
    line = " ".join(_printable(masked).split())[:MAX_REASON_CHARS]
    return line or outcome.error or f"answered {outcome.status}"


def _name_of(listener: Listener) -> str | None:
    """Return what people know a listener by, be it by its place in a workbook."""
    return listener.workbook_key if listener.name is None else listener.name


def _said(text: str) -> str:
    if text.startswith("<"):
        return ""  # a page, for a browser
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "" if text.startswith(("{", "[")) else text.partition("\n")[0]
    if not isinstance(value, dict):
        return value if isinstance(value, str) else ""
    words = (value.get(name) for name in _MEMBERS)
    return next((one for one in words if isinstance(one, str) and one.strip()), "")


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
