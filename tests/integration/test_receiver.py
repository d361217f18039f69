# SPDX-License-Identifier: Apache-2.0
"""The small receiver, over real sockets."""

import http.client
import logging
import socket
import threading
import time

import pytest

from bridge.callbacks.signing import new_secret
from bridge.receiver import MAX_BODY_BYTES, Receiver
from tests.calls import SECRET, sign

BODY = b'{"type": "task.failed"}'


def signed(secret=SECRET, body=BODY):
    now = int(time.time())
    return {
        "webhook-id": "m1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(secret, "m1", now, body),
    }


@pytest.fixture
def received():
    return []


@pytest.fixture
def connect():
    """Open connections that are closed after the test."""
    opened = []

    def open_one(receiver):
        opened.append(http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=5))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def post(connection, path="/hook", body=BODY, headers=None, method="POST"):
    connection.request(method, path, body, {} if headers is None else headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_request_is_handed_over_and_answered(received, connect, method):
    with Receiver("127.0.0.1", 0, on_delivery=received.append) as receiver:
        answer = post(
            connect(receiver), "/hook?a=b", headers={"X-A": "b"}, method=method
        )

    assert answer == (200, b"")
    assert received[0].path == "/hook?a=b"
    assert received[0].headers["x-a"] == "b"
    assert received[0].body == BODY
    assert received[0].verified is None


def test_it_says_where_it_listens(received):
    receiver = Receiver("127.0.0.1", 0, on_delivery=received.append)
    with pytest.raises(RuntimeError):
        _ = receiver.port
    with receiver:
        assert receiver.port > 0
        assert receiver.url == f"http://127.0.0.1:{receiver.port}"


def test_it_listens_on_ipv6(received):
    with Receiver("::1", 0, on_delivery=received.append) as receiver:
        connection = http.client.HTTPConnection("::1", receiver.port, timeout=5)
        answer = post(connection)
        connection.close()

        assert receiver.url == f"http://[::1]:{receiver.port}"
    assert answer[0] == 200


def test_what_was_signed_with_its_secret_is_verified(received, connect):
    with Receiver(
        "127.0.0.1", 0, secret=SECRET, on_delivery=received.append
    ) as receiver:
        post(connect(receiver), headers=signed())

    assert (received[0].verified, received[0].reason) == (True, None)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (dict, "webhook-id is missing"),
        (lambda: signed(new_secret()), "no signature matches"),
    ],
    ids=["unsigned", "another secret"],
)
def test_anything_else_is_not_and_the_reason_is_told(
    received, connect, headers, reason
):
    with Receiver(
        "127.0.0.1", 0, secret=SECRET, on_delivery=received.append
    ) as receiver:
        post(connect(receiver), headers=headers())  # now: a signature grows old

    assert (received[0].verified, received[0].reason) == (False, reason)


def test_each_path_may_have_secrets_of_its_own(received, connect):
    own = {"/one": [new_secret(), SECRET], "/two": [new_secret()]}
    with Receiver(
        "127.0.0.1",
        0,
        secret=lambda path: own.get(path, ()),
        on_delivery=received.append,
    ) as receiver:
        for path in ("/one", "/two", "/three"):
            post(connect(receiver), path, headers=signed())

    assert [one.verified for one in received] == [True, False, None]


def test_it_answers_as_it_is_told(received, connect):
    with Receiver(
        "127.0.0.1",
        0,
        on_delivery=received.append,
        answer=lambda one: 503 if one.path == "/down" else 201,
    ) as receiver:
        statuses = [post(connect(receiver), path)[0] for path in ("/down", "/up")]

    assert statuses == [503, 201]


def test_connections_are_kept(received, connect):
    with Receiver("127.0.0.1", 0, on_delivery=received.append) as receiver:
        connection = connect(receiver)
        post(connection)
        first = connection.sock
        post(connection)

        assert connection.sock is first
    assert len(received) == 2


def test_its_end_does_not_wait_for_kept_connections(received, connect):
    with Receiver("127.0.0.1", 0, on_delivery=received.append) as receiver:
        post(connect(receiver))
        ending = time.monotonic()

    assert time.monotonic() - ending < 2


def test_its_end_lets_what_is_under_way_be_answered(connect):
    arrived, may_end = threading.Event(), threading.Event()

    def slowly(_):
        arrived.set()
        may_end.wait(5)

    statuses = []
    with Receiver("127.0.0.1", 0, on_delivery=slowly) as receiver:
        connection = connect(receiver)
        thread = threading.Thread(target=lambda: statuses.append(post(connection)[0]))
        thread.start()
        arrived.wait(5)
        threading.Timer(0.2, may_end.set).start()
    thread.join(5)

    assert statuses == [200]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (
            b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
            b"413",
        ),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 6000 + b"\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\n\r\n", b"501"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_a_bad_request_is_refused_and_hung_up_on(received, head, status):
    with (
        Receiver("127.0.0.1", 0, on_delivery=received.append) as receiver,
        socket.create_connection(("127.0.0.1", receiver.port), timeout=5) as raw,
    ):
        raw.sendall(head)
        answer = b"".join(iter(lambda: raw.recv(65536), b""))

    assert status in answer
    assert received == []


def test_a_delivery_that_fails_is_not_answered_but_logged(connect, caplog):
    def fail(_):
        raise KeyError("own mistake")

    caplog.set_level(logging.ERROR)
    with (
        Receiver("127.0.0.1", 0, on_delivery=fail) as receiver,
        pytest.raises(http.client.RemoteDisconnected),
    ):
        post(connect(receiver))

    assert "own mistake" in caplog.text


def test_a_port_in_use_is_an_error(received):
    with Receiver("127.0.0.1", 0, on_delivery=received.append) as receiver:
        other = Receiver("127.0.0.1", receiver.port, on_delivery=received.append)
        with pytest.raises(OSError, match="in use"), other:
            pass
