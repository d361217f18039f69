# SPDX-License-Identifier: Apache-2.0
"""What an attempt's outcome says to somebody who waits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.delivery.answers import (
    MAX_REASON_CHARS,
    answer_of,
    is_refusal,
    reason_of,
    refusal_of,
)
from bridge.model import Mode, Outcome, OutcomeKind
from tests.calls import a_call, a_listener, a_webhook

NOW = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)
GATE = a_webhook(mode=Mode.CALL, on_timeout="accept")


def refused(status=409, answer=b""):
    error = f"answered {status} Conflict"
    return Outcome(
        OutcomeKind.REFUSED,
        NOW,
        timedelta(0),
        status=status,
        error=error,
        answer=answer,
    )


def reason(answer, callback=GATE):
    return reason_of(a_listener(callback), refused(answer=answer))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 451, 499])
def test_a_4xx_refuses(status):
    assert is_refusal(refused(status))


@pytest.mark.parametrize("status", [302, 408, 425, 429, 500, 503])
def test_what_speaks_of_now_or_of_the_server_refuses_nothing(status):
    assert not is_refusal(refused(status))


@pytest.mark.parametrize("kind", set(OutcomeKind) - {OutcomeKind.REFUSED})
def test_what_is_no_answer_refuses_nothing(kind):
    assert not is_refusal(Outcome(kind, NOW, timedelta(0), status=409))


def test_only_who_is_waited_for_can_refuse():
    call = a_call(GATE)

    assert refusal_of(call, refused()) is None
    waited_for = replace(call, wait=timedelta(seconds=1))
    assert refusal_of(waited_for, refused()) == "answered 409 Conflict"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'{"reason": "closed", "detail": "b", "title": "c"}', "closed"),
        (b'{"detail": "on holiday", "title": "c"}', "on holiday"),
        (b'{"title": "Conflict", "status": 409}', "Conflict"),
        (b'{"reason": 5, "detail": " ", "title": "c"}', "c"),
        (b'"closed"', "closed"),
        (b"  closed\nbecause", "closed"),
        (b"clo\x00sed\t  today", "clo sed today"),
        (b'{"reason": "a\\nb\\u0007"}', "a b"),
        ("geschloßen".encode(), "geschloßen"),
    ],
)
def test_a_reason_is_in_the_receivers_own_words(answer, expected):
    assert reason(answer) == expected


@pytest.mark.parametrize(
    "answer",
    [b"", b"  ", b"<!doctype html><p>no", b'{"reason": "cut of', b"[1]", b"{}", b"7"],
)
def test_without_words_the_status_is_the_reason(answer):
    assert reason(answer) == "answered 409 Conflict"


def test_a_reason_is_one_line_of_bounded_length():
    assert len(reason(b"x" * 4096)) == MAX_REASON_CHARS


def test_a_secret_is_in_no_reason():
    callback = replace(GATE, headers={"X-Key": "s3cr3t-t0k3n"})
    hidden = "".join(f"\\u{ord(char):04x}" for char in "s3cr3t-t0k3n").encode()

    assert reason(b'{"reason": "you sent ' + hidden + b'"}', callback) == (
        "you sent ************"
    )


@pytest.mark.parametrize(
    ("on_timeout", "is_accepted"), [("accept", True), ("refuse", False)]
)
def test_silence_counts_as_the_listener_says(on_timeout, is_accepted):
    listener = a_listener(replace(GATE, on_timeout=on_timeout))
    outcome = Outcome(OutcomeKind.FAILED, NOW, timedelta(0), error="connection refused")

    answer = answer_of(listener, outcome)

    assert (answer.is_accepted, answer.is_answered) == (is_accepted, False)
    assert answer.reason == "connection refused"
