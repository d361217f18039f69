# SPDX-License-Identifier: Apache-2.0
"""``listen`` replies as it was told, and as the receiver does that it forwards to."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from bridge.callbacks.signing import new_secret
from bridge.cli.replying import Replying
from bridge.receiver import Received, Receiver, Reply
from tests.calls import sign
from tests.servers.processes import free_port

BODY = b'{"type": "task.failed"}'
NOW = timedelta(0)


def signed(secret):
    now = int(time.time())
    return {
        "webhook-id": "m1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(secret, "m1", now, BODY),
    }


@pytest.fixture
def told():
    return []


@pytest.fixture
def reply(told):
    """Send a webhook to a receiver that replies so; return its answer."""

    def reply(*, headers=None, method="POST", **how):
        how = {"status": None, "delay": NOW, "forward": None} | how
        replying = Replying(**how, ended=threading.Event(), tell=told.append)
        with Receiver("127.0.0.1", 0, on_delivery=id, answer=replying) as receiver:
            return requests.request(
                method, f"{receiver.url}/hook", data=BODY, headers=headers, timeout=5
            )

    return reply


def test_unless_told_otherwise_it_replies_200(reply):
    assert reply().status_code == 200


def test_a_status_is_replied_with(reply):
    assert reply(status=503).status_code == 503


def test_the_other_receiver_can_verify_what_is_forwarded(reply, told):
    secret = new_secret()
    with Receiver("127.0.0.1", 0, secret=secret, on_delivery=told.append) as other:
        url = f"{other.url}/theirs"
        reply(forward=url, headers=signed(secret), method="PUT")

    received, said = told
    assert (received.method, received.path, received.body) == ("PUT", "/theirs", BODY)
    assert received.verified
    assert said.startswith(f"forwarded: {url} answers 200 in ")


def test_it_replies_as_the_other_receiver_does(reply, told):
    theirs = Reply(409, b'{"reason": "over 1000"}', {"Retry-After": "7", "X-Own": "a"})
    with Receiver(
        "127.0.0.1", 0, on_delivery=told.append, answer=lambda _: theirs
    ) as other:
        answer = reply(forward=other.url)

    assert (answer.status_code, answer.content) == (409, theirs.body)
    assert answer.headers["Retry-After"] == "7"
    assert "X-Own" not in answer.headers


def test_a_status_goes_before_what_the_other_receiver_answers(reply, told):
    with Receiver("127.0.0.1", 0, on_delivery=told.append) as other:
        assert reply(forward=other.url, status=503).status_code == 503

    assert "answers 200" in told[-1]


def test_where_no_other_receiver_answers_it_says_so_and_replies_502(reply, told):
    url = f"http://127.0.0.1:{free_port()}"

    answer = reply(forward=url)

    assert answer.status_code == 502
    assert told == [f"not forwarded: {url} does not answer (no connection)"]


def test_a_reply_waits_for_its_time_but_not_beyond_the_end():
    ended = threading.Event()
    replying = Replying(503, timedelta(hours=1), None, ended, id)
    received = Received("/hook", {}, BODY)
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(replying, received)
        with pytest.raises(TimeoutError):
            reply.result(timeout=0.1)
        ended.set()

        assert reply.result(timeout=5) == Reply(503)
