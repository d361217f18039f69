# SPDX-License-Identifier: Apache-2.0
"""``/v1/events`` of the real API: in, out again, and as they come in."""

import json
import time

import pytest
import requests

from bridge.feed import MAX_WAITING
from tests.stored import an_envelope

EVENT = {
    "type": "task.failed",
    "timestamp": "2026-11-24T02:10:00.5Z",
    "data": {
        "workbook": "orders",
        "execution": {"id": "e1"},
        "task": {"name": "charge"},
    },
}
STRUCTURED = {
    "specversion": "1.0",
    "id": "1",
    "source": "/engines/1",
    "type": "task.failed",
    "time": "2026-11-24T02:10:00.5Z",
    "data": EVENT["data"],
}
ACCEPTED = {
    "id": "1",
    "source": "/engines/1",
    "type": "task.failed",
    "routing_key": "task.failed.default.orders.-.charge",
}


@pytest.fixture
def url(api):
    return f"{api.url}/v1/events"


@pytest.fixture
def kept_ids(api):
    def kept_ids():
        waiting = api.parts.event_store.queued(100)
        return [one.envelope.event.id for one in waiting]

    return kept_ids


def post(url, body, content="application/json", **headers):
    headers = {"Content-Type": content, **headers}
    return requests.post(url, data=json.dumps(body), headers=headers, timeout=10)


@pytest.mark.parametrize(
    ("body", "content", "headers"),
    [
        ({**EVENT, "id": "1", "source": "/engines/1"}, "application/json", {}),
        (EVENT, "application/json", {"ce-id": "1", "ce-source": "/engines/1"}),
        (STRUCTURED, "application/cloudevents+json", {}),
        ([STRUCTURED], "application/cloudevents-batch+json", {}),
        ([{**EVENT, "id": "1", "source": "/engines/1"}], "application/json", {}),
    ],
    ids=["plain", "binary", "structured", "batch", "list"],
)
def test_every_form_is_taken_and_comes_out_again(url, body, content, headers):
    answer = post(url, body, content, **headers)

    assert answer.status_code == 202, answer.text
    assert answer.json() == {"events": [ACCEPTED]}
    kept = requests.get(f"{url}/1", timeout=10).json()
    assert kept["routing_key"] == ACCEPTED["routing_key"]
    event = kept["event"]
    assert (event["id"], event["source"]) == ("1", "/engines/1")
    assert event["time"] == "2026-11-24T02:10:00.500000Z"
    assert event["data"]["data"] == EVENT["data"]


def test_an_event_without_an_id_is_given_one(url, kept_ids):
    answer = post(url, {"type": EVENT["type"], "data": EVENT["data"]})

    (accepted,) = answer.json()["events"]
    assert kept_ids() == [accepted["id"]]
    assert accepted["source"] == "/events"


def test_the_answer_names_the_events_in_their_order(url, kept_ids):
    answer = post(url, [{**EVENT, "id": str(n)} for n in range(5)])

    assert [one["id"] for one in answer.json()["events"]] == list("01234")
    assert kept_ids() == list("01234")


def test_a_copy_is_taken_once(url, kept_ids):
    first = post(url, {**EVENT, "id": "1"})

    second = post(url, {**EVENT, "id": "1"})

    assert (first.status_code, second.status_code) == (202, 202)
    assert kept_ids() == ["1"]


def test_another_body_under_a_known_id_is_a_conflict(url, kept_ids):
    post(url, {**EVENT, "id": "1"})

    answer = post(url, [{**EVENT, "id": "2"}, {**EVENT, "id": "1", "more": 1}])

    assert answer.status_code == 409
    assert "event 1 is known with another body" in answer.json()["detail"]
    assert kept_ids() == ["1"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({**EVENT, "type": "job.failed"}, 422, "type"),
        ({**EVENT, "type": None}, 422, "type"),
        (
            {"type": "listener.disabled", "data": {"listener": {"id": "l1"}}},
            422,
            "type",
        ),
        ({"type": "task.failed"}, 422, "data"),
        ({**EVENT, "data": {"execution": {}}}, 422, "data.execution.id"),
        ({**EVENT, "timestamp": "yesterday"}, 422, "timestamp"),
        ([EVENT, {**EVENT, "data": None}], 422, "[1].data"),
        (
            {**EVENT, "data": {**EVENT["data"], "project": "p" * 65}},
            422,
            "data.project",
        ),
        ("x", 400, "body"),
        ([[EVENT]], 422, "[0].body"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_event_is_refused_and_nothing_kept(
    url, kept_ids, body, status, field
):
    answer = post(url, body)

    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert kept_ids() == []


@pytest.mark.parametrize(
    "body", [b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000, b'{"n": 1e999}']
)
def test_what_is_no_strict_json_is_refused(url, kept_ids, body):
    answer = requests.post(
        url, data=body, headers={"Content-Type": "application/json"}, timeout=10
    )

    assert answer.status_code in (400, 422)
    assert kept_ids() == []


def test_a_header_that_disagrees_is_refused(url, kept_ids):
    answer = post(url, {**EVENT, "id": "1"}, **{"ce-project": "acme"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "project"
    assert kept_ids() == []


def test_what_the_bus_does_not_take_may_come_again_later(url, api, kept_ids):
    def refuse(_):
        raise RuntimeError("the disk is full")

    with api.parts.publisher.bind("#", refuse):
        answer = post(url, {**EVENT, "id": "1"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["event_ids"] == ["1"]
    again = post(url, {**EVENT, "id": "1"})
    assert again.status_code == 202
    assert kept_ids() == ["1"]


def test_an_id_may_hold_slashes(url):
    post(url, {**EVENT, "id": "a/b c"})

    answer = requests.get(f"{url}/a/b%20c", timeout=10)

    assert answer.json()["event"]["id"] == "a/b c"


class Stream:
    """The lines of one watcher."""

    def __init__(self, url, *bindings):
        self._answer = requests.get(
            f"{url}/stream", params={"binding": bindings}, stream=True, timeout=10
        )
        self.headers = self._answer.headers
        self._lines = self._answer.iter_lines(chunk_size=1)

    def __enter__(self):
        assert self.message() == [b": watching"]
        return self

    def __exit__(self, *_):
        self._answer.close()

    def message(self):
        """Return the lines up to the next blank one."""
        return list(iter(lambda: next(self._lines), b""))


def test_a_watcher_sees_events_as_they_come_in(url, api):
    envelope = an_envelope("a", payload={"text": "line\nä"})
    with Stream(url) as stream:
        api.offer(envelope)

        lines = stream.message()

    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert lines[:2] == [b"id: a", b"event: task.failed"]
    event = json.loads(lines[2].removeprefix(b"data: "))
    assert (event["specversion"], event["id"]) == ("1.0", "a")
    assert event["data"]["data"] == envelope.event.data
    assert len(lines) == 3


def test_a_watcher_sees_what_its_bindings_accept(url, api):
    with Stream(url, "task.failed.acme.#", "*.*.*.orders.#") as stream:
        for event_id, members in (
            ("1", {"project": "other"}),
            ("2", {"project": "acme"}),
            ("3", {"workbook": "stock"}),
            ("4", {"workbook": "orders"}),
        ):
            api.offer(an_envelope(event_id, **members))

        seen = [stream.message()[0], stream.message()[0]]

    assert seen == [b"id: 2", b"id: 4"]


def test_a_watcher_that_left_is_forgotten(url, api):
    with Stream(url):
        assert len(api.parts.feed) == 1

    deadline = time.monotonic() + 10
    while len(api.parts.feed):
        assert time.monotonic() < deadline
        requests.get(f"{api.url}/healthz", timeout=10)


def test_a_slow_watcher_is_told_what_it_missed(url, api):
    with Stream(url) as stream:
        api.offer(*(an_envelope(str(n)) for n in range(MAX_WAITING + 5)))

        first = stream.message()

        assert first == [b": 5 events were dropped so far"]
        assert stream.message()[0] == b"id: 5"


@pytest.mark.parametrize(
    ("wait", "body", "field"),
    [
        ("0", EVENT, "wait"),
        ("61", EVENT, "wait"),
        ("soon", EVENT, "wait"),
        ("1", [EVENT, EVENT], "wait"),
    ],
    ids=["no time", "too much time", "no number", "two events"],
)
def test_a_wait_that_cannot_be_is_refused_and_nothing_published(
    url, kept_ids, wait, body, field
):
    answer = post(f"{url}?wait={wait}", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert kept_ids() == []


@pytest.mark.parametrize(
    "bindings",
    [[".#" * 5_000], ["#." * 128], ["#"] * 17],
    ids=["very long", "long", "many"],
)
def test_bindings_that_would_take_long_are_refused(url, bindings):
    """They are looked at for every event, on the loop that all else lives on."""
    answer = requests.get(f"{url}/stream", params={"binding": bindings}, timeout=10)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("binding")
