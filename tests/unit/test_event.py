# SPDX-License-Identifier: Apache-2.0
"""What an event is, and what is none."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone

import pytest

from notifier.errors import InvalidEvent
from notifier.event import UNKNOWN, Event
from notifier.wire import routing_key

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def an_event(event_type="task.failed", execution="e1", task="charge", **more):
    return Event.new(event_type, execution=execution, task=task, **more)


def test_an_id_and_a_time_are_given_where_none_are():
    first, second = an_event(), an_event()

    assert first.id != second.id
    assert abs(datetime.now(UTC) - first.time) < timedelta(minutes=1)


def test_a_time_is_kept_as_utc():
    event = an_event(time=NOON.astimezone(timezone(timedelta(hours=5))))

    assert event.time == NOON
    assert event.time.tzinfo is UTC


def test_what_an_engine_does_not_know_is_absent_and_what_is_none_is_none():
    event = an_event(
        workbook=UNKNOWN, task={"name": "charge", "error": None, "result": UNKNOWN}
    )

    assert "workbook" not in event.data
    assert event.data["task"] == {"name": "charge", "error": None}


def test_an_event_of_no_project_belongs_to_the_default_one():
    assert an_event().project == "default"
    assert an_event(project=None).project == "default"
    assert an_event(project="acme").project == "acme"


def test_an_execution_is_known_by_its_parent_and_root_too():
    event = an_event(execution={"id": "e1", "parent_id": "e0", "root_id": "e0"})

    assert event.execution_ids == ("e1", "e0")


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        (an_event("execution.started", task=None), "executions/e1"),
        (an_event(), "executions/e1/tasks/charge"),
        (an_event(task={"id": "t1", "name": "charge"}), "executions/e1/tasks/t1"),
    ],
    ids=["execution", "task by name", "task by id"],
)
def test_a_subject_tells_execution_and_task(event, subject):
    assert event.subject == subject


def test_an_event_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        an_event().id = "another"


def test_events_can_be_kept_in_a_set():
    event = an_event()

    assert {event, event} == {event}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("type", {"event_type": "workflow.failed"}),
        ("type", {"event_type": "task.failed.twice"}),
        ("type", {"event_type": "task.Failed"}),
        ("type", {"event_type": 5}),
        ("id", {"event_id": ""}),
        ("id", {"event_id": "a\r\nb"}),
        ("id", {"event_id": "é" * 128}),
        ("source", {"source": ""}),
        ("source", {"source": "\ud800"}),
        ("time", {"time": datetime(2026, 11, 24)}),  # noqa: DTZ001 - that is the fault
        ("data.execution.id", {"execution": ""}),
        ("data.execution.id", {"execution": {"state": "RUNNING"}}),
        ("data.execution.id", {"execution": {"id": 7}}),
        ("data.execution.root_id", {"execution": {"id": "e1", "root_id": 7}}),
        ("data.execution.id", {"execution": None}),
        ("data.task", {"task": None}),
        ("data.task.id", {"task": {"state": "ERROR"}}),
        ("data.task.name", {"task": {"name": ["charge"]}}),
        ("data.project", {"project": ""}),
        ("data.workbook", {"workbook": "a" * 256}),
        ("data.workflow", {"workflow": 7}),
        ("data.engine", {"engine": "é" * 128}),
        ("Sequence", {"attributes": {"Sequence": "1"}}),
        ("project", {"attributes": {"project": "acme"}}),
        ("sequence", {"attributes": {"sequence": 1}}),
        ("traceparent", {"attributes": {"traceparent": "é"}}),
    ],
)
def test_what_is_wrong_is_named(field, wrong):
    with pytest.raises(InvalidEvent) as refused:
        an_event(**wrong)

    assert refused.value.field == field
    assert refused.value.reason


def test_a_name_of_255_characters_fits_however_many_bytes_they_have():
    assert an_event(workbook="語" * 255).workbook == "語" * 255


def test_a_long_tracestate_fits():
    assert an_event(attributes={"tracestate": "a=" + "b" * 512})


def test_further_members_of_the_body_cannot_stand_for_the_event_itself():
    event = an_event()

    with pytest.raises(InvalidEvent, match="type"):
        Event(event.id, "/x", event.type, NOON, event.data, extra={"type": "other"})


def test_an_event_of_a_listener_needs_no_execution():
    event = Event(
        id="1",
        source="/notifier-bridge",
        type="listener.disabled",
        time=datetime.now(UTC),
        data={"project": "acme", "listener": {"id": "lst_1", "name": None}},
    )

    assert (event.kind, event.subject) == ("listener", "listeners/lst_1")
    assert (event.execution_id, event.execution_ids) == ("", ())
    assert routing_key(event) == "listener.disabled.acme.-.-"


def test_an_event_of_a_listener_needs_the_listener():
    with pytest.raises(InvalidEvent, match=r"data\.listener"):
        Event("1", "/x", "listener.disabled", datetime.now(UTC), {})


@pytest.mark.parametrize("task", ["charge", ["charge"], 7])
def test_an_event_of_a_listener_tells_of_a_task_as_others_do(task):
    data = {"listener": {"id": "lst_1"}, "task": task}

    with pytest.raises(InvalidEvent, match=r"data\.task: must be an object$"):
        Event("1", "/x", "listener.disabled", datetime.now(UTC), data)
