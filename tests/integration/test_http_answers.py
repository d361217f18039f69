# SPDX-License-Identifier: Apache-2.0
"""Answers that are endless, broken, odd or malicious: each is told for what it is."""

import gzip
import logging
import re

import pytest

from bridge.callbacks.guard import Guard
from bridge.model import OutcomeKind
from tests.calls import a_call, a_webhook, an_event
from tests.integration.hostile import (
    OK,
    Hostile,
    answers,
    endlessly,
    once,
    resets,
    silent,
)
from tests.integration.telling import Teller, tell

pytestmark = pytest.mark.usefixtures("each_client")

HEAD = b"HTTP/1.1 200 OK\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nRetry-After: 9\r\n\r\n"
QUERY = "?token=s3cr3t-in-the-query"
SECRET_HEADER = {"Authorization": "Bearer s3cr3t-in-a-header"}


def attempt(behaviour):
    """Tell a receiver that behaves so; nothing secret may be told on."""
    with Hostile(behaviour) as receiver:
        told = tell(receiver.url + QUERY, headers=SECRET_HEADER)
    assert "s3cr3t" not in (told.outcome.error or "")
    return told


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(endlessly(HEAD + b"\r\n", b"x" * 65536), id="unknown length"),
        pytest.param(
            endlessly(
                HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                b"10000\r\n" + b"x" * 65536 + b"\r\n",
            ),
            id="chunks",
        ),
        pytest.param(
            endlessly(
                HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 999
            ),
            id="chunks of one byte",
        ),
        pytest.param(
            endlessly(HEAD + b"Content-Length: 99999999999\r\n\r\n", b"x" * 65536),
            id="known length",
        ),
    ],
)
def test_64_kib_of_an_endless_answer_are_read_and_4_kept(behaviour):
    told = attempt(behaviour)

    assert told.outcome.kind is OutcomeKind.SUCCEEDED
    assert told.outcome.answer == b"x" * 4096
    assert told.elapsed < 2


def test_a_compressed_answer_is_not_inflated():
    bomb = gzip.compress(bytes(50_000_000))
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    told = attempt(once(head + bomb))

    assert told.outcome.kind is OutcomeKind.SUCCEEDED
    assert told.outcome.answer == bomb[:4096]


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        pytest.param(
            endlessly(HEAD, b"X-%d: y\r\n" % 1 * 99),
            "the answer('s headers are too long| is not valid HTTP)",
            id="headers without end",
        ),
        pytest.param(
            once(HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n"),
            "the answer's headers are too long",
            id="one long header",
        ),
        pytest.param(
            once(HEAD + (b"X: " + b"y" * 60_000 + b"\r\n") * 5 + b"\r\n"),
            "the answer's headers are too long",
            id="long headers",
        ),
        pytest.param(
            endlessly(b"", CONTINUE),
            "the answer's headers are too long",
            id="interim answers without end",
        ),
        pytest.param(
            once(b"just a body\n"), "the answer is not valid HTTP", id="HTTP/0.9"
        ),
        pytest.param(
            once(b"\x80\x00\xff" * 1000), "the answer is not valid HTTP", id="garbage"
        ),
        pytest.param(
            once(b"HTTP/1.1 2x0 OK\r\n\r\n"),
            "the answer is not valid HTTP",
            id="status that is no number",
        ),
        pytest.param(
            once(b"SSH-2.0-OpenSSH_9.2\r\n"), "the answer is not valid HTTP", id="SSH"
        ),
        pytest.param(
            once(b""), "the connection was closed without an answer", id="no answer"
        ),
        pytest.param(resets(), "the connection was reset", id="reset at once"),
    ],
)
def test_what_is_no_answer_is_a_failure_that_says_why(behaviour, error):
    told = attempt(behaviour)

    assert told.outcome.kind is OutcomeKind.FAILED
    assert re.fullmatch(error, told.outcome.error)
    assert told.outcome.status is None
    assert told.elapsed < 2


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        pytest.param(
            once(HEAD + b"Content-Length: 1000\r\n\r\nonly this"),
            "the answer broke off",
            id="too short",
        ),
        pytest.param(
            resets(HEAD + b"Content-Length: 1000\r\n\r\npartial"),
            "the connection was reset",
            id="reset within",
        ),
        pytest.param(
            once(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZZ\r\n"),
            "the answer broke off",
            id="broken chunk",
        ),
    ],
)
def test_an_answer_that_breaks_off_is_a_failure_with_its_status(behaviour, error):
    told = attempt(behaviour)

    assert told.outcome.kind is OutcomeKind.FAILED
    assert (told.outcome.status, told.outcome.error) == (200, error)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        pytest.param(CONTINUE * 10 + OK, b"ok", id="interim answers first"),
        pytest.param(HINTS + OK, b"ok", id="hints first"),
        pytest.param(
            HINTS + HEAD + b"\r\nto the end", b"to the end", id="hints with a length"
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nold style", b"old style", id="HTTP/1.0"),
        pytest.param(HEAD + b"X: \x00\x1b\x7f\r\n\r\nodd", b"odd", id="odd header"),
        pytest.param(b"HTTP/1.1 204 No\r\n\r\n", b"", id="no content"),
        pytest.param(
            HEAD + b"Content-Length: 2\r\n\r\nokHTTP/1.1 500 Injected\r\n\r\n",
            b"ok",
            id="more than it said",
        ),
    ],
)
def test_an_odd_answer_that_can_be_understood_is_success(answer, kept):
    told = attempt(once(answer))

    assert told.outcome.kind is OutcomeKind.SUCCEEDED
    assert told.outcome.answer == kept


def test_what_follows_an_answer_is_not_taken_for_the_next():
    injected = OK + b"HTTP/1.1 500 Injected\r\nContent-Length: 0\r\n\r\n"
    with Hostile(answers(injected)) as receiver, Teller() as teller:
        told = [teller.tell(receiver.url) for _ in range(3)]

    assert {one.outcome.status for one in told} == {200}


def test_two_lengths_do_not_smuggle_an_answer_in():
    smuggled = (
        b"HTTP/1.1 500 No\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    )
    with Hostile(answers(smuggled)) as receiver, Teller() as teller:
        told = [teller.tell(receiver.url) for _ in range(3)]

    # RFC 9112 §6.3: the chunks count, or it is an error
    assert {one.outcome.status for one in told} <= {500, None}
    assert not any(one.outcome.kind is OutcomeKind.SUCCEEDED for one in told)


def test_an_answer_before_the_body_was_read_is_told():
    def early(peer):
        peer.receive()
        peer.send(b"HTTP/1.1 413 Large\r\nContent-Length: 2\r\n\r\nno")
        while True:
            peer.receive()

    large = an_event(payload="x" * 900_000)
    with Hostile(early) as receiver, Teller() as teller:
        [told] = teller.tell_all([a_call(a_webhook(receiver.url), event=large)])

    assert (told.outcome.kind, told.outcome.status) == (OutcomeKind.REFUSED, 413)


def test_switching_protocols_is_a_refusal():
    told = attempt(
        once(b"HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
    )

    assert (told.outcome.kind, told.outcome.status) == (OutcomeKind.REFUSED, 101)


def test_nobody_listening_is_a_failure_at_once():
    with Hostile(silent) as receiver:
        url = receiver.url
    told = tell(url)

    assert told.outcome.kind is OutcomeKind.FAILED
    assert told.outcome.error == "connection refused"
    assert told.elapsed < 1


def test_nothing_secret_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    attempt(once(HEAD + b"no header at all\r\nX : y\r\n\r\nok"))
    attempt(once(b""))

    assert "s3cr3t" not in caplog.text


def test_a_fault_of_the_bridge_itself_is_told_and_logged(caplog):
    def broken(*_, **__):
        raise RuntimeError("s3cr3t")

    guard = Guard(lookup=broken)
    outcome = tell("http://hooks.example/", guard=guard).outcome

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error == "the bridge failed: RuntimeError"
    assert "an attempt failed in the bridge itself" in caplog.text
