# SPDX-License-Identifier: Apache-2.0
"""What the answers of listeners come to, and how they travel."""

import json
from datetime import timedelta

import pytest

from notifier import wire
from notifier.errors import CallRefused
from notifier.verdict import Answer, Ruling, Verdict
from notifier.wire.call import (
    DEFAULT_WAIT,
    MAX_WAIT,
    decode_reply,
    encode_reply,
    question_of,
)

YES = Answer("lst_1", "audit", is_accepted=True)
NO = Answer("lst_2", "gate", is_accepted=False, reason="closed")
SILENT = Answer("lst_3", None, is_accepted=True, is_answered=False, reason="late")
DEAF = Answer("lst_4", None, is_accepted=False, is_answered=False, reason="late")


@pytest.mark.parametrize(
    ("answers", "ruling", "reasons"),
    [
        ([], Ruling.ACCEPTED, ()),
        ([YES, SILENT], Ruling.ACCEPTED, ()),
        ([YES, NO], Ruling.REFUSED, ("gate: closed",)),
        ([NO, DEAF], Ruling.REFUSED, ("gate: closed", "lst_4: late")),
    ],
    ids=["nobody", "all accept", "one refuses", "two refuse"],
)
def test_one_that_refuses_is_enough(answers, ruling, reasons):
    verdict = Verdict.of(answers)

    assert verdict.ruling is ruling
    assert bool(verdict) is (ruling is Ruling.ACCEPTED)
    assert verdict.reasons == reasons


@pytest.mark.parametrize(
    ("on_timeout", "reasons"), [("accept", ()), ("refuse", ("no bridge",))]
)
def test_the_caller_says_what_it_counts_as_that_nobody_answers(on_timeout, reasons):
    verdict = Verdict.unanswered(on_timeout, "no bridge")

    assert verdict.ruling is Ruling.UNANSWERED
    assert verdict.is_accepted is (on_timeout == "accept")
    assert verdict.reasons == reasons


def test_a_refusal_can_be_raised():
    Verdict.of([YES]).raise_if_refused()

    with pytest.raises(CallRefused, match=r"^refused by gate: closed$") as caught:
        Verdict.of([NO]).raise_if_refused()

    assert caught.value.reasons == ("gate: closed",)


def test_a_silence_that_counts_as_a_refusal_is_raised_as_such():
    with pytest.raises(CallRefused, match=r"^refused: no bridge$"):
        Verdict.unanswered("refuse", "no bridge").raise_if_refused()


def test_answers_travel_as_they_are():
    answers = (YES, NO, SILENT, DEAF)

    assert decode_reply(encode_reply(answers)) == answers


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[]",
        b'{"verdict": "accepted"}',
        b'{"verdict": "maybe", "answers": []}',
        b'{"verdict": "accepted", "answers": [{"accepted": true}]}',
        b'{"verdict": "accepted", "answers": [{"listener_id": 1, "accepted": true}]}',
        b'{"verdict": "accepted", "answers": [{"listener_id": "a", "accepted": 1}]}',
    ],
)
def test_what_no_bridge_wrote_is_no_reply(body):
    assert decode_reply(body) is None


def test_a_reply_may_hold_more_than_is_known_today():
    more = json.loads(encode_reply([NO])) | {"bridge": "b1"}
    more["answers"][0]["mood"] = "fine"

    assert decode_reply(json.dumps(more).encode()) == (NO,)


def test_a_question_travels_as_it_is():
    question = wire.Question("workflow.replies.1", "c1", timedelta(seconds=2.5))

    assert question_of(question.properties, question.headers) == question


def test_a_message_without_a_place_to_reply_to_asks_nothing():
    assert question_of({"correlation_id": "c1"}, {"workflow-wait-ms": "100"}) is None


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ({}, DEFAULT_WAIT),
        ({"workflow-wait-ms": 1500}, timedelta(seconds=1.5)),
        ({"workflow-wait-ms": "1500"}, timedelta(seconds=1.5)),
        ({"workflow-wait-ms": "0"}, timedelta(0)),
        ({"workflow-wait-ms": "-5"}, DEFAULT_WAIT),
        ({"workflow-wait-ms": "soon"}, DEFAULT_WAIT),
        ({"workflow-wait-ms": "٣"}, DEFAULT_WAIT),
        ({"workflow-wait-ms": "9" * 5000}, MAX_WAIT),
        ({"workflow-wait-ms": 3_600_000}, MAX_WAIT),
    ],
)
def test_a_wait_is_read_whatever_is_said(said, wait):
    assert question_of({"reply_to": "workflow.replies.1"}, said).within == wait
