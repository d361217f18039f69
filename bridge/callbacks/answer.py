# SPDX-License-Identifier: Apache-2.0
"""What a receiver's answer means, and how much of it is kept."""

import json
import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from bridge.callbacks.attempts import Attempt
from bridge.callbacks.credentials import auth_secrets
from bridge.model import CallbackSpec, Listener, Outcome, OutcomeKind
from bridge.model.delivery import MAX_ANSWER_BYTES

LATE: Final = "no complete answer within"
"""So an attempt's timeout is told, once it is on its way."""

MAX_READ_BYTES: Final = 64 * 1024
"""So much of an answer's body is read; then the connection is closed."""

MAX_RETRY_AFTER: Final = timedelta(hours=24)
MIN_SECRET_CHARS: Final = 8
"""Shorter values of headers are taken for words, not for secrets."""

_SUCCESS: Final = range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES)
_SECONDS = re.compile(r"[0-9]+")
_MOST_DIGITS: Final = 9


def answered(attempt: Attempt, status: int, wish: str | None, body: bytes) -> Outcome:
    """Return the outcome of an attempt that was answered.

    Args:
        attempt: Its listener's secrets are starred out.
        status: Of HTTP.
        wish: The ``Retry-After`` header.
        body: As it came, at most `MAX_READ_BYTES`.
    """
    kind, complaint = meaning_of(status)
    return attempt.outcome(
        kind,
        status=status,
        error=complaint,
        answer=kept(body, secrets_of(attempt.call.listener)) if body else body,
        retry_after=retry_after(wish, datetime.now(UTC)) if complaint else None,
    )


def meaning_of(status: int) -> tuple[OutcomeKind, str | None]:
    """Return how an attempt ended that was answered so, and what to tell people."""
    if status in _SUCCESS:
        return OutcomeKind.SUCCEEDED, None
    # Not the receiver's own phrase: it could hold anything.
    words = f"answered {status} {_phrase(status)}".rstrip()
    if status == HTTPStatus.GONE:
        return OutcomeKind.GONE, f"{words}: it wants nothing more"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return OutcomeKind.REFUSED, f"{words}; redirects are never followed"
    return OutcomeKind.REFUSED, words


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return the wait that a ``Retry-After`` header asks for, 0 to 24 hours.

    Args:
        value: Seconds or an HTTP date (RFC 9110 §10.2.3); None where there is none.
        now: Aware.
    """
    text = "" if value is None else value.strip()
    if _SECONDS.fullmatch(text):
        # int() is slow with thousands of digits; more than nine are years anyway
        wait = timedelta(seconds=int(text[-_MOST_DIGITS:]))
        return MAX_RETRY_AFTER if len(text) > _MOST_DIGITS else _bounded(wait)
    try:
        date = parsedate_to_datetime(text)
        return _bounded(date.replace(tzinfo=date.tzinfo or UTC) - now)
    except (ValueError, OverflowError):
        return None


def secrets_of(listener: Listener) -> tuple[str, ...]:
    """Return what must not be read in an answer: signing key, headers, sign-in."""
    texts = [listener.secret, listener.key, *(one.text for one in listener.former)]
    keys = [text.partition("_")[2] for text in texts if text is not None]
    callback = listener.callback
    return (*keys, *_words(callback), *auth_secrets(callback.auth))


def kept(answer: bytes, secrets: Collection[str]) -> bytes:
    """Return the part of an answer that is kept, echoed secrets starred out.

    A star for each byte: what is cut off at the end stays cut off, so that no half
    of a secret moves in.

    Example:
        >>> kept(b'{"you sent": "Bearer s3cr3t-t0k3n"}', ["s3cr3t-t0k3n"])
        b'{"you sent": "Bearer ************"}'
    """
    if len(answer) < min(map(len, secrets), default=0):
        return answer  # most are empty, or "ok"
    forms = {form for secret in secrets for form in _forms(secret)}
    if not any(form in answer for form in forms):
        return answer[:MAX_ANSWER_BYTES]
    longest_first = sorted(forms, key=len, reverse=True)
    pattern = re.compile(b"|".join(map(re.escape, longest_first)))
    window = answer[: MAX_ANSWER_BYTES + len(longest_first[0])]
    masked = pattern.sub(lambda match: b"*" * len(match.group()), window)
    return masked[:MAX_ANSWER_BYTES]


def _words(spec: CallbackSpec) -> Iterator[str]:
    for value in spec.headers.values():
        # "Bearer abc": whoever echoes may leave the first word out
        for word in (value, *value.split()):
            if len(word) >= MIN_SECRET_CHARS:
                yield word


def _forms(secret: str) -> Iterator[bytes]:
    quoted = json.dumps(secret, ensure_ascii=False)[1:-1]
    for text in (secret, quoted, quoted.replace("/", r"\/"), quote(secret, safe="")):
        yield text.encode("utf-8", "surrogateescape")
        yield text.encode("latin-1", "replace")


def _bounded(wait: timedelta) -> timedelta:
    return min(max(wait, timedelta()), MAX_RETRY_AFTER)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
