# SPDX-License-Identifier: Apache-2.0
"""The Python client against the real API."""

import socket
import threading

import pytest

from bridge.client import BridgeClient, ClientError, NoAnswer
from bridge.model import State
from bridge.store.journal import Entry
from tests.servers.processes import free_port
from tests.stored import NOW, a_delivery, a_listener, an_envelope

HOOK = {"url": "http://127.0.0.1:9/hook", "headers": {"X-Token": "t0ps3cret"}}
LISTENER = {"name": "pager", "workbook": "orders", "events": ["TASK"], "callback": HOOK}
EVENT = {
    "type": "task.failed",
    "data": {"execution": {"id": "e1"}, "task": {"id": "t"}},
}


@pytest.fixture
def deliveries(api):
    """Three dead deliveries to one listener, the latest first."""
    listener = a_listener()
    api.parts.listener_store.add(listener)
    kept = []
    for event_id in "123":
        envelope = an_envelope(event_id)
        one = a_delivery(envelope, listener, state=State.DEAD, due_at=None)
        api.journal.write([Entry((envelope, NOW), (one,))])
        kept.append(one)
    return sorted(kept, key=lambda one: one.id, reverse=True)


def test_a_listener_from_its_beginning_to_its_end(client):
    added = client.listeners.add(LISTENER)
    assert added.pop("secret").startswith("whsec_")
    assert client.listeners.get(added["id"]) == added

    patched = client.listeners.patch(added["id"], {"task": "charge"}, revision=1)
    assert (patched["task"], patched["revision"]) == ("charge", 2)

    replaced = client.listeners.replace(added["id"], LISTENER, revision=2)
    assert (replaced["task"], replaced["revision"]) == (None, 3)

    client.listeners.remove(added["id"])
    assert list(client.listeners.find()) == []


def test_an_old_copy_is_an_error_with_its_status(client):
    added = client.listeners.add(LISTENER)
    client.listeners.patch(added["id"], {"task": "charge"})

    for act in (
        lambda: client.listeners.patch(added["id"], {}, revision=1),
        lambda: client.listeners.replace(added["id"], LISTENER, revision=1),
    ):
        with pytest.raises(ClientError, match="at revision 2 now") as refused:
            act()
        assert refused.value.status == 412


def test_an_error_names_the_fields(client):
    with pytest.raises(ClientError) as refused:
        client.listeners.add({**LISTENER, "events": ["nope"], "callback": HOOK})

    assert refused.value.status == 422
    assert refused.value.detail.startswith("events[0]: 'nope' is not a known event")
    assert list(refused.value.errors) == ["events[0]"]


def test_all_pages_are_asked_for(client):
    names = [f"number {n}" for n in range(103)]
    for name in names:
        client.listeners.add({**LISTENER, "name": name})

    found = [one["name"] for one in client.listeners.find(workbook="orders")]

    assert sorted(found) == sorted(names)
    assert len(list(client.listeners.find(limit=101))) == 101
    assert list(client.listeners.find(limit=0)) == []
    assert list(client.listeners.find(name="number 7", enabled=False)) == []
    assert len(list(client.listeners.find(name="number 7", enabled=True))) == 1


def test_a_test_returns_the_outcome(client):
    added = client.listeners.add({**LISTENER, "callback": {**HOOK}})

    outcome = client.listeners.test(added["id"])

    assert outcome["outcome"] == "failed"


def test_deliveries_are_found_shown_and_retried(client, deliveries):
    found = list(client.deliveries.find(state="dead", execution="e1"))
    assert [one["id"] for one in found] == [one.id for one in deliveries]
    assert len(list(client.deliveries.find(limit=2))) == 2

    retried = client.deliveries.retry(deliveries[0].id)
    assert retried["state"] == "pending"

    shown = client.deliveries.get(deliveries[0].id)
    assert (shown["state"], shown["attempts"]) == ("pending", [])


def test_events_are_published_and_shown(client):
    (one,) = client.publish({**EVENT, "id": "a/b?c"})
    two = client.publish([{**EVENT, "id": "2"}, {**EVENT, "id": "3"}])

    assert one["routing_key"] == "task.failed.default.-.-.-"
    assert [accepted["id"] for accepted in two] == ["2", "3"]
    assert client.get_event("a/b?c")["event"]["id"] == "a/b?c"


def test_a_verdict_that_nobody_gives_is_told_as_such(client):
    verdict = client.call({**EVENT, "id": "asks"}, wait=0.1)

    assert verdict == {"verdict": "unanswered", "answers": []}
    assert client.get_event("asks")["event"]["id"] == "asks"


def test_events_are_seen_as_they_come_in(client, api):
    watched = client.watch(["task.failed.acme.#", "task.failed.default.#"])
    api.offer(an_envelope("1", project="other"), an_envelope("2"))

    event = next(watched)
    watched.close()

    assert event["id"] == "2"


def test_it_tells_why_a_bridge_is_not_ready(client, api):
    assert client.health() == []

    api.reasons.append("not consuming from the bus")

    assert client.health() == ["not consuming from the bus"]


@pytest.mark.parametrize(
    "act",
    [
        lambda client: client.listeners.add(LISTENER),
        lambda client: next(client.listeners.find()),
        lambda client: client.watch(),
        lambda client: client.health(),
    ],
    ids=["add", "find", "watch", "health"],
)
def test_no_bridge_is_an_error_that_says_where(act):
    url = f"http://127.0.0.1:{free_port()}"

    with (
        BridgeClient(url) as client,
        pytest.raises(NoAnswer, match=f"no bridge answers on {url}") as refused,
    ):
        act(client)

    assert refused.value.url == url


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(api, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")

    with BridgeClient(api.url) as client:
        assert client.health() == []


@pytest.fixture
def stranger():
    """Return what runs a server that gives every request one answer."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads = []

    def stranger(answer):
        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield stranger
    for thread in threads:
        thread.join()
    listening.close()


@pytest.mark.parametrize(
    "status", ["200 OK", "302 Found\r\nLocation: http://127.0.0.1:9/", "500 No"]
)
def test_what_is_no_bridge_is_told_as_such(stranger, status):
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nhello".encode()

    with (
        BridgeClient(stranger(answer)) as client,
        pytest.raises(ClientError, match="but not as a bridge") as refused,
    ):
        client.listeners.get("lst_1")

    assert refused.value.status == int(status[:3])


def test_a_stream_that_breaks_off_is_an_error(stranger):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    url = stranger(head + b"d\r\n: watching\n\n\n\r\n9\r\ndata: {}\n\r\n")

    with BridgeClient(url) as client:
        watched = client.watch()
        assert next(watched) == {}
        with pytest.raises(NoAnswer):
            next(watched)
