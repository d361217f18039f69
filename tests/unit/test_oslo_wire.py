# SPDX-License-Identifier: Apache-2.0
"""What becomes of a notification that a service of OpenStack emits."""

import json
from datetime import UTC, datetime

import pytest

from notifier import wire
from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.event_types import check_type, expand, matches
from notifier.wire.oslo import MAX_NOTIFICATION_BYTES, word_of

# As Nova's compute service sends it.
MESSAGE = {
    "message_id": "2b6f4b1c-9f6c-4d51-8a0e-0d7b8d9d5e0a",
    "publisher_id": "compute.host-1",
    "event_type": "compute.instance.create.end",
    "priority": "INFO",
    "timestamp": "2026-11-24 02:10:00.123456",
    "payload": {"instance_id": "i1", "tenant_id": "acme", "state": "active"},
    "_context_request_id": "req-1",
    "_context_global_request_id": "req-0",
    "_context_project_id": "admin",
    "_unique_id": "5e0a",
}


def read(message=None, **members):
    """Return the event of a notification that differs in some members."""
    body = {**(MESSAGE if message is None else message), **members}
    return wire.from_oslo({}, json.dumps(body).encode())


def test_a_notification_becomes_the_task_of_a_request():
    assert read() == Event(
        id="2b6f4b1c-9f6c-4d51-8a0e-0d7b8d9d5e0a",
        source="compute.host-1",
        type="task.compute-instance-create-end",
        time=datetime(2026, 11, 24, 2, 10, 0, 123456, UTC),
        data={
            "engine": "compute",
            "project": "acme",
            "workbook": "compute",
            "execution": {"id": "req-1", "root_id": "req-0"},
            "task": {"name": "compute.instance.create.end"},
            "priority": "INFO",
            "payload": {"instance_id": "i1", "tenant_id": "acme", "state": "active"},
        },
    )


def test_its_routing_key_can_be_bound_by_type_project_service_and_name():
    assert wire.routing_key(read()) == (
        "task.compute-instance-create-end.acme.compute.-"
        ".compute%2Einstance%2Ecreate%2Eend"
    )


def test_an_envelope_is_opened():
    text = json.dumps(MESSAGE)
    body = json.dumps({"oslo.version": "2.0", "oslo.message": text}).encode()

    assert wire.from_oslo({}, body) == read()


@pytest.mark.parametrize(
    ("payload", "context", "project"),
    [
        ({"tenant_id": "owner"}, {"project_id": "caller"}, "owner"),
        ({"project_id": "owner", "tenant_id": "old"}, {}, "owner"),
        ({"nova_object.data": {"tenant_id": "owner"}}, {"tenant": "c"}, "owner"),
        ({"tenant_id": ""}, {"project_id": "", "tenant": "caller"}, "caller"),
        ({"tenant_id": 7}, {"project": "caller"}, "caller"),
        ([1, 2], {}, "default"),
        (None, {}, "default"),
    ],
)
def test_the_owner_of_the_resource_is_the_project_else_who_asked(
    payload, context, project
):
    message = {k: v for k, v in MESSAGE.items() if not k.startswith("_context")}
    told = {f"_context_{name}": value for name, value in context.items()}

    assert read(message, payload=payload, **told).project == project


def test_a_project_may_be_given_for_services_that_name_none():
    message = {**MESSAGE, "payload": {}}

    assert wire.from_notification(message, {}, project="acme").project == "acme"


def test_without_a_request_the_notification_stands_alone():
    message = {k: v for k, v in MESSAGE.items() if not k.startswith("_context")}

    assert read(message).data["execution"] == {"id": MESSAGE["message_id"]}


@pytest.mark.parametrize(
    ("publisher", "source", "service"),
    [
        ("nova-api:host.example", "nova-api:host.example", "nova-api"),
        ("volume.host@lvm", "volume.host@lvm", "volume"),
        (None, "/oslo.messaging", None),
        (".host", ".host", None),
    ],
)
def test_the_publisher_is_the_source_and_its_service_the_workbook(
    publisher, source, service
):
    event = read(publisher_id=publisher)

    assert (event.source, event.workbook, event.engine) == (source, service, service)


@pytest.mark.parametrize(
    ("event_type", "word"),
    [
        ("compute.instance.create.end", "compute-instance-create-end"),
        ("scheduler.select_destinations.start", "scheduler-select_destinations-start"),
        ("identity.OS-TRUST:trust.created", "identity-os-trust-trust-created"),
        ("2nd.Größe", "nd-gr--e"),
        ("...", "notification"),
        ("x." * 40, "x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-38ea4a95"),
    ],
)
def test_an_event_type_is_one_word_of_a_type(event_type, word):
    assert word_of(event_type) == word
    assert check_type(f"task.{word}")


def test_a_listener_may_name_a_type_or_a_glob():
    kind = read().type

    for name in (kind, "task.compute-instance-*", "task.compute-*-end", "TASK"):
        assert any(matches(pattern, kind) for pattern in expand(name))


def test_a_time_may_say_its_zone():
    time = read(timestamp="2026-11-24T03:10:00+01:00").time

    assert time == datetime(2026, 11, 24, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"message_id": None}, "message_id"),
        ({"event_type": 7}, "event_type"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": None}, "timestamp"),
        ({"publisher_id": 7}, "source"),
        ({"oslo.message": "no JSON"}, "body"),
        ({"oslo.message": "[]"}, "body"),
    ],
)
def test_what_is_no_notification_is_refused(members, field):
    with pytest.raises(InvalidEvent) as refused:
        read(**members)

    assert refused.value.field == field


def test_what_is_compressed_or_too_long_is_refused():
    with pytest.raises(InvalidEvent, match=r"^compression: .*kombu_compression"):
        wire.from_oslo({"compression": "application/x-gzip"}, b"")
    with pytest.raises(InvalidEvent, match="at most 4 MiB"):
        wire.from_oslo({}, b" " * (MAX_NOTIFICATION_BYTES + 1))


def test_a_foreign_cloudevent_in_a_payload_is_a_payload():
    payload = {"specversion": "1.0", "id": "7", "type": "com.example", "source": "/x"}

    assert read(payload=payload).data["payload"] == payload
