# SPDX-License-Identifier: Apache-2.0
"""What a bridge's door answers, and what becomes of it."""

import contextlib
import socket
import threading
import time
from datetime import timedelta

import pytest

from notifier.errors import Conflict, InvalidEvent, Refused, SettingsError, Unreachable
from notifier.event import Event
from notifier.publishers.http import HttpPublisher
from tests.servers.door import Door

TIMEOUT = timedelta(seconds=20)
SHORT = timedelta(seconds=0.5)
SLACK_SECONDS = 0.6

BUSY = (503, {"detail": "the database is gone"})


def numbered(number, **data):
    return Event.new(
        "task.failed", event_id=f"e{number}", execution="e1", task="t", **data
    )


@pytest.fixture
def door():
    with Door() as door:
        yield door


@pytest.fixture
def publisher(door):
    with HttpPublisher(door.url) as publisher:
        yield publisher


def test_a_thousand_events_fit_one_request(door, publisher):
    publisher.publish([numbered(n) for n in range(2001)], timeout=TIMEOUT)

    assert door.sizes == [1000, 1000, 1]


def test_a_mebibyte_fits_one_request(door, publisher):
    events = [numbered(n, payload="x" * 300_000) for n in range(7)]

    publisher.publish(events, timeout=TIMEOUT)

    assert door.sizes == [3, 3, 1]


def test_what_the_bridge_is_too_busy_for_is_sent_again(door, publisher):
    door.first += [BUSY, (429, {}), (500, {"detail": "the bridge failed"})]

    publisher.publish([numbered(1)], timeout=TIMEOUT)

    assert [event.id for event in door.events] == ["e1"]


def test_a_bridge_that_stays_busy_is_out_of_reach(door, publisher):
    door.first += [BUSY] * 100

    with pytest.raises(Unreachable, match="the database is gone") as caught:
        publisher.publish([numbered(1), numbered(2)], timeout=SHORT)

    assert caught.value.event_ids == ("e1", "e2")


def test_only_the_events_that_the_bridge_names_are_in_the_error(door, publisher):
    problem = {"detail": "not confirmed in time", "event_ids": ["e2"]}
    door.first += [(503, problem)] * 100

    with pytest.raises(Unreachable) as caught:
        publisher.publish([numbered(n) for n in range(1002)], timeout=SHORT)

    assert caught.value.event_ids == ("e2", "e1000", "e1001")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(409, Conflict), (401, Refused), (404, Refused), (413, Refused), (302, Refused)],
)
def test_a_refusal_is_told_at_once_and_in_the_bridges_words(
    door, publisher, status, kind
):
    door.first.append((status, {"detail": "because"}))

    with pytest.raises(kind, match="because") as caught:
        publisher.publish([numbered(1)], timeout=TIMEOUT)

    assert type(caught.value) is kind
    assert caught.value.event_ids == ("e1",)
    assert not door.events


def test_a_field_that_the_bridge_finds_wrong_is_named(door, publisher):
    fault = {"field": "[1].data.project", "reason": "is not yours"}
    door.first.append((422, {"detail": "wrong", "errors": [fault]}))

    with pytest.raises(InvalidEvent) as caught:
        publisher.publish([numbered(1), numbered(2)], timeout=TIMEOUT)

    assert (caught.value.field, caught.value.reason) == tuple(fault.values())


def test_a_fault_in_a_later_request_names_the_events_that_were_not_sent(
    door, publisher
):
    publisher.publish([numbered(0)], timeout=TIMEOUT)
    door.first += [(202, {}), (422, {"errors": [{"field": "x", "reason": "no"}]})]

    with pytest.raises(Refused, match="x: no") as caught:
        publisher.publish([numbered(n) for n in range(1002)], timeout=TIMEOUT)

    assert caught.value.event_ids == ("e1000", "e1001")


@pytest.mark.parametrize("said", [b"<html>", b"[]", b'{"errors": ["?"]}', b""])
def test_whatever_stands_in_the_bridges_place_is_told_by_its_status(said):
    answer = b"HTTP/1.1 404 No\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said)
    with (
        answering(lambda peer, _: peer.sendall(answer)) as url,
        HttpPublisher(url) as publisher,
        pytest.raises(Refused, match="HTTP status 404"),
    ):
        publisher.publish([numbered(1)], timeout=TIMEOUT)


def drip(peer, is_over):
    """Send a header a little at a time, without an end."""
    peer.sendall(b"HTTP/1.1 202 Accepted\r\nX-Drip: ")
    while not is_over.wait(0.05):
        peer.sendall(b".")


def hang_up(peer, _):
    """Close the connection without an answer."""
    peer.close()


@pytest.mark.parametrize("misbehave", [drip, hang_up])
def test_a_peer_that_misbehaves_holds_nobody_longer_than_the_timeout(misbehave):
    with answering(misbehave) as url, HttpPublisher(url) as publisher:
        started = time.monotonic()

        with pytest.raises(Unreachable) as caught:
            publisher.publish([numbered(1)], timeout=SHORT)

    assert time.monotonic() - started < SHORT.total_seconds() + SLACK_SECONDS
    assert caught.value.event_ids == ("e1",)


def test_a_bridge_that_is_not_there_is_told_of():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    with (
        HttpPublisher(f"http://127.0.0.1:{port}") as publisher,
        pytest.raises(Unreachable, match=f"127.0.0.1:{port}: Connection refused"),
    ):
        publisher.publish([numbered(1)], timeout=SHORT)


@pytest.mark.parametrize(
    "url", ["amqp://me:secret@host", "http://", "http://me:secret@host:port", "host"]
)
def test_what_is_no_url_of_a_bridge_is_refused(url):
    with pytest.raises(SettingsError, match="must look like http") as caught:
        HttpPublisher(url)

    assert "secret" not in f"{caught.value!r} {caught.value.__cause__}"


@contextlib.contextmanager
def answering(answer):
    """Yield the URL of a server that reads a request and then does as it is told."""
    listening = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def serve():
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listening.accept()
                with peer:
                    peer.recv(65536)
                    answer(peer, is_over)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    is_over.set()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()
