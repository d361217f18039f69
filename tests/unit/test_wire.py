# SPDX-License-Identifier: Apache-2.0
"""What stands on the wire, byte for byte: others read it."""

from datetime import UTC, datetime

import pytest

from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.wire import ce_headers, from_amqp, from_cloudevent, from_http, to_amqp

BODY = (
    b'{"type":"task.failed","timestamp":"2026-11-24T02:10:00.123456Z","data":'
    b'{"engine":"mistral","project":"acme","workbook":"orders","workflow":"fulfil",'
    b'"execution":{"id":"e1"},"task":{"name":"charge \xc3\xa9"}}}'
)
EVENT = Event.new(
    "task.failed",
    event_id="42",
    source="/engine",
    time=datetime(2026, 11, 24, 2, 10, 0, 123456, UTC),
    engine="mistral",
    project="acme",
    workbook="orders",
    workflow="fulfil",
    execution="e1",
    task="charge é",
    attributes={"traceparent": "00-ab-cd-01", "sequence": "7"},
)
JSON = {"content-type": "application/json"}


def test_an_amqp_message_is_what_the_contract_says():
    message = to_amqp(EVENT)

    assert message.body == BODY
    assert message.routing_key == "task.failed.acme.orders.fulfil.charge%20é"
    assert message.properties == {
        "content_type": "application/json",
        "message_id": "42",
        "type": "task.failed",
        "timestamp": 1795486200,
        "delivery_mode": 2,
        "app_id": "mistral",
    }
    assert message.headers == {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": "42",
        "cloudEvents_source": "/engine",
        "cloudEvents_type": "task.failed",
        "cloudEvents_subject": "executions/e1/tasks/charge é",
        "cloudEvents_time": "2026-11-24T02:10:00.123456Z",
        "cloudEvents_partitionkey": "e1",
        "cloudEvents_project": "acme",
        "cloudEvents_workbook": "orders",
        "cloudEvents_sequence": "7",
        "traceparent": "00-ab-cd-01",
    }


def test_a_webhooks_headers_are_what_the_contract_says():
    headers = ce_headers(EVENT)

    assert headers["ce-subject"] == "executions/e1/tasks/charge%20%C3%A9"
    assert headers["traceparent"] == "00-ab-cd-01"
    assert headers.keys() - {"traceparent"} == {
        name.replace("cloudEvents_", "ce-")
        for name in to_amqp(EVENT).headers
        if name != "traceparent"
    }


def test_a_message_with_its_id_only_in_the_properties_is_read():
    headers = {"cloudEvents_source": "/engine"}

    assert from_amqp({"message_id": "42"}, headers, BODY).id == "42"


def test_headers_as_bytes_numbers_and_nothing_are_read():
    headers = {
        "ce-id": b"42",
        "ce-source": "/x",
        "ce-sequence": 7,
        "ce-dataschema": None,
    }

    event = from_amqp({}, headers, BODY)

    assert (event.id, event.attributes) == ("42", {"sequence": "7"})


@pytest.mark.parametrize(
    ("field", "headers"),
    [
        ("source", {"ce-id": "42"}),
        ("id", {"ce-source": "/x"}),
        ("specversion", {"ce-id": "1", "ce-source": "/x", "ce-specversion": "0.3"}),
        ("time", {"ce-id": "1", "ce-source": "/x", "ce-time": "noon"}),
        ("ce-sequence", {"ce-id": "1", "ce-source": "/x", "ce-sequence": 1.5}),
        ("ce-id", {"ce-id": b"\xff", "ce-source": "/x"}),
    ],
)
def test_a_message_of_odd_headers_is_set_aside_with_the_reason(field, headers):
    with pytest.raises(InvalidEvent) as refused:
        from_amqp({}, headers, BODY)

    assert refused.value.field == field


def test_a_key_that_is_not_of_our_form_says_nothing_about_the_project():
    headers = {"ce-id": "1", "ce-source": "/x"}

    for key in ("", "orders", "a.b.elsewhere", "task.failed"):
        assert from_amqp({}, headers, BODY, key).project == "acme"


def test_a_plain_object_is_given_an_id_a_source_and_a_time():
    body = b'{"type": "execution.started", "data": {"execution": {"id": "e1"}}}'

    (event,) = from_http(JSON, body)

    assert event.id
    assert event.source == "/events"
    assert event.time.tzinfo is UTC


def test_a_plain_object_may_name_its_own_id_and_source():
    body = (
        b'{"id": "7", "source": "/mine", "type": "execution.started",'
        b' "data": {"execution": {"id": "e1"}}}'
    )

    (event,) = from_http(JSON, body)

    assert (event.id, event.source, event.extra) == ("7", "/mine", {})


def test_a_cloudevent_may_hold_only_what_stands_in_data():
    event = from_cloudevent(
        {
            "specversion": "1.0",
            "id": "42",
            "source": "/x",
            "type": "execution.started",
            "time": "2026-11-24T02:10:00Z",
            "dataschema": None,
            "data": {"execution": {"id": "e1"}},
        }
    )

    assert (event.execution_id, event.type) == ("e1", "execution.started")


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("body", b"[[]]"),
        ("[1].type", b'[{"type": "task.x", "data": {"execution": {"id": "e"}, "task": {"id": "t"}}}, {}]'),
        ("data", b'{"type": "task.failed"}'),
        ("id", b'{"id": 7, "type": "task.failed", "data": {}}'),
        ("timestamp", b'{"type": "task.failed", "timestamp": "noon", "data": {}}'),
        ("timestamp", b'{"type": "t", "timestamp": "2026-02-30T00:00:00Z", "data": {}}'),
        ("timestamp", b'{"type": "t", "timestamp": "0001-01-01T00:00:00+01:00", "data":{}}'),
    ],
)  # fmt: skip
def test_a_request_that_holds_no_event_is_refused_at_its_place(field, body):
    with pytest.raises(InvalidEvent) as refused:
        from_http(JSON, body)

    assert refused.value.field.endswith(field)
