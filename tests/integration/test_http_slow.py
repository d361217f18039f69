# SPDX-License-Identifier: Apache-2.0
"""Receivers that are slow, in every way: each attempt ends in time."""

import threading
import time

import pytest

from bridge.callbacks.guard import Guard
from bridge.model import OutcomeKind
from tests.calls import a_call, a_webhook, an_event
from tests.integration.hostile import (
    OK,
    Hostile,
    answers,
    deaf,
    drips,
    silent,
)
from tests.integration.telling import (
    PATIENCE_SECONDS,
    Teller,
    looks_up,
    tell,
)

pytestmark = pytest.mark.usefixtures("each_client")

HEAD = b"HTTP/1.1 200 OK\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(silent, id="never answers"),
        pytest.param(
            drips(b"", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 999), id="head drips"
        ),
        pytest.param(drips(HEAD + b"Content-Length: 1000\r\n\r\n"), id="body drips"),
        pytest.param(drips(HEAD + b"\r\n"), id="body of unknown length drips"),
        pytest.param(
            drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 200),
            id="chunks drip",
        ),
        pytest.param(drips(b"", CONTINUE * 50), id="interim answers drip"),
        pytest.param(
            drips(HEAD + b"Connection: close\r\n\r\n"),
            id="body drips, connection closes",
        ),
    ],
)
def test_a_slow_receiver_is_cut_off_at_the_deadline(behaviour):
    with Hostile(behaviour) as receiver:
        told = tell(receiver.url, seconds=1)

    assert told.outcome.kind is OutcomeKind.TIMED_OUT
    assert told.outcome.error == "no complete answer within 1 s"
    assert 0.9 < told.elapsed < 2


def test_a_receiver_that_does_not_read_is_cut_off_at_the_deadline():
    large = an_event(payload="x" * 1_000_000)
    with Hostile(deaf) as receiver, Teller() as teller:
        call = a_call(a_webhook(receiver.url), seconds=1, event=large)
        [told] = teller.tell_all([call])

    assert told.outcome.kind is OutcomeKind.TIMED_OUT
    assert 0.9 < told.elapsed < 2


def test_a_slow_look_up_does_not_hold_the_attempt():
    answered = threading.Event()

    def slow(host, port, **_):
        answered.wait(PATIENCE_SECONDS)
        return looks_up("127.0.0.1")(host, port)

    with Hostile(answers(OK)) as receiver:
        guard = Guard(allow_loopback=True, lookup=slow)
        with Teller(guard) as teller:
            told = teller.tell(f"http://hooks.example:{receiver.port}/", seconds=1)
            answered.set()

    assert told.outcome.kind is OutcomeKind.TIMED_OUT
    assert 0.9 < told.elapsed < 2
    assert receiver.connections == 0


def test_no_connection_outlives_the_guard_that_let_it_through():
    has_come, may_answer = threading.Event(), threading.Event()

    def patient(peer):
        while True:
            peer.request()
            has_come.set()
            may_answer.wait(PATIENCE_SECONDS)
            peer.send(OK)

    def follow_another_guard():
        assert has_come.wait(PATIENCE_SECONDS)
        teller.callback.obey(Guard())
        may_answer.set()

    with Hostile(patient) as receiver, Teller() as teller:
        call = a_call(a_webhook(receiver.url))
        [under_way] = teller.tell_all([call], follow_another_guard)
        later = teller.tell(receiver.url)

    assert under_way.outcome.kind is OutcomeKind.SUCCEEDED
    assert later.outcome.kind is OutcomeKind.BLOCKED


def test_the_threads_of_slow_receivers_are_free_after_the_deadline():
    with Hostile(silent) as slow, Hostile(answers(OK)) as quick, Teller(at_once=2) as t:
        t.tell_all([a_call(a_webhook(slow.url), seconds=0.5) for _ in range(2)])
        told = t.tell(quick.url, seconds=1)

    assert told.outcome.kind is OutcomeKind.SUCCEEDED
    assert told.elapsed < 0.5


def test_closing_hangs_up_on_what_is_under_way():
    with Hostile(silent) as receiver:
        with Teller() as teller:
            started = time.monotonic()

            def close():
                while not receiver.requests:
                    assert time.monotonic() - started < PATIENCE_SECONDS
                teller.callback.close()

            [told] = teller.tell_all([a_call(a_webhook(receiver.url))], close)

        assert told.outcome.kind is OutcomeKind.LOST
        assert receiver.left.wait(1)
        assert time.monotonic() - started < 2
