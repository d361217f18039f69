# SPDX-License-Identifier: Apache-2.0
"""What an engine tells becomes an event, and what goes wrong does not hurt it."""

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from notifier import UNKNOWN, Event, Notifier
from notifier.errors import InvalidEvent, Refused, Unreachable, Unroutable
from notifier.event_types import EXECUTION_TYPES, TASK_TYPES
from notifier.publishers.memory import MemoryPublisher

SHORTLY = timedelta(seconds=5)


@pytest.fixture
def bus():
    return MemoryPublisher()


@pytest.fixture
def queue(bus):
    with bus.queue("#") as queue:
        yield queue


@pytest.fixture
def notifier(bus):
    with Notifier(bus, source="/engines/1") as notifier:
        yield notifier


def told(queue) -> Event:
    published = queue.get(SHORTLY)
    assert published is not None, "nothing was published"
    return published.event


@pytest.mark.parametrize("event_type", EXECUTION_TYPES)
def test_there_is_a_method_for_each_type_of_an_execution(notifier, queue, event_type):
    method = getattr(notifier, event_type.replace(".", "_"))

    assert method("e1", workbook="orders") is True
    event = told(queue)
    assert (event.type, event.execution_id) == (event_type, "e1")
    assert (event.workbook, event.source) == ("orders", "/engines/1")


@pytest.mark.parametrize("event_type", TASK_TYPES)
def test_there_is_a_method_for_each_type_of_a_task(notifier, queue, event_type):
    method = getattr(notifier, event_type.replace(".", "_"))

    assert method("charge", execution="e1", workflow="fulfil") is True
    event = told(queue)
    assert (event.type, event.task_name) == (event_type, "charge")
    assert (event.execution_id, event.workflow) == ("e1", "fulfil")


def test_an_engine_may_use_words_of_its_own(notifier, queue):
    notifier.task("delayed", "charge", execution="e1")
    notifier.execution("archived", "e1")

    assert [told(queue).type, told(queue).type] == [
        "task.delayed",
        "execution.archived",
    ]


def test_all_that_an_engine_knows_arrives(notifier, queue):
    when = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)

    notifier.task_succeeded(
        {"id": "t1", "name": "charge"},
        execution={"id": "e1", "root_id": "e0", "error": None},
        engine="mine",
        project="acme",
        workbook="orders",
        workflow="fulfil",
        state="SUCCESS",
        error=None,
        result=[1],
        payload={"a": 1},
        time=when,
        event_id="i1",
        attributes={"sequence": "7"},
    )

    event = told(queue)
    assert event.data == {
        "engine": "mine",
        "project": "acme",
        "workbook": "orders",
        "workflow": "fulfil",
        "execution": {"id": "e1", "root_id": "e0", "error": None},
        "task": {
            "id": "t1",
            "name": "charge",
            "state": "SUCCESS",
            "error": None,
            "result": [1],
        },
        "payload": {"a": 1},
    }
    assert (event.id, event.time) == ("i1", when)
    assert event.attributes == {"sequence": "7"}


def test_what_is_not_known_is_absent(notifier, queue):
    notifier.execution_failed("e1", workbook=UNKNOWN, error=UNKNOWN)

    assert told(queue).data == {"execution": {"id": "e1"}}


def test_the_error_of_an_execution_stands_at_the_execution(notifier, queue):
    notifier.execution_failed("e1", error="declined")

    assert told(queue).data["execution"] == {"id": "e1", "error": "declined"}


def test_the_error_of_a_task_is_the_latest_of_its_execution_too(notifier, queue):
    notifier.task_failed("charge", execution="e1", error="declined")

    data = told(queue).data
    assert data["task"] == {"name": "charge", "error": "declined"}
    assert data["execution"] == {"id": "e1", "error": "declined"}


def test_an_error_that_the_engine_gives_to_the_execution_is_kept(notifier, queue):
    notifier.task_failed("t", execution={"id": "e1", "error": None}, error="declined")

    assert told(queue).data["execution"]["error"] is None


def test_a_task_without_an_error_says_nothing_of_its_execution(notifier, queue):
    notifier.task_succeeded("charge", execution="e1", error=None)

    assert told(queue).data["execution"] == {"id": "e1"}


def test_project_and_engine_of_the_notifier_are_the_default(bus, queue):
    notifier = Notifier(bus, project="acme", engine="mine")

    notifier.execution_started("e1")
    notifier.execution_started("e1", project="other")

    first, second = told(queue), told(queue)
    assert (first.project, first.engine) == ("acme", "mine")
    assert (second.project, second.engine) == ("other", "mine")


def test_ready_made_events_are_told_as_they_are(notifier, queue):
    events = [Event.new("execution.started", execution=f"e{n}") for n in range(3)]

    assert notifier.notify(events[0]) is True
    assert notifier.notify_many(iter(events[1:])) is True
    assert [told(queue) for _ in events] == events


def test_to_tell_no_events_is_no_failure(notifier):
    assert notifier.notify_many([]) is True


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    "wrong",
    [
        lambda notifier: notifier.execution_started(""),
        lambda notifier: notifier.execution_started(None),
        lambda notifier: notifier.execution("No Word", "e1"),
        lambda notifier: notifier.execution_started("e1", payload=object()),
        lambda notifier: notifier.execution_started("e1", time="now"),
        lambda notifier: notifier.notify("no event"),
        lambda notifier: notifier.notify_many(1),
    ],
    ids=["no id", "null id", "type", "no JSON", "no time", "no event", "no list"],
)
def test_what_is_no_event_is_logged_and_not_raised(notifier, caplog, wrong):
    assert wrong(notifier) is False
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "event not published",
    )
    assert record.fault


def test_an_event_that_nobody_would_see_is_logged_with_its_id(bus, caplog):
    notifier = Notifier(bus)

    assert notifier.execution_started("e1", event_id="i1") is False
    (record,) = caplog.records
    assert record.event_ids == ("i1",)


def test_only_the_events_that_were_not_confirmed_are_in_the_log(bus, caplog):
    bus.queue("execution.#")
    events = [
        Event.new("execution.started", execution="e1", event_id="i1"),
        Event.new("task.started", execution="e1", task="t", event_id="i2"),
    ]

    assert Notifier(bus).notify_many(events) is False
    assert caplog.records[0].event_ids == ("i2",)


def test_whatever_breaks_in_the_publisher_is_logged_and_not_raised(bus, caplog):
    def broken(_events):
        raise ZeroDivisionError

    bus.bind("#", broken)

    assert Notifier(bus).execution_started("e1") is False
    assert "ZeroDivisionError" in caplog.records[0].fault


def test_the_publisher_is_given_the_time_that_the_engine_grants():
    granted = []

    class Notes:
        def publish(self, events, *, timeout):
            granted.append((len(events), timeout))

        def close(self):
            pass

    Notifier(Notes(), timeout=timedelta(seconds=0.5)).execution_started("e1")

    assert granted == [(1, timedelta(seconds=0.5))]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda notifier: notifier.execution_started(""), InvalidEvent),
        (lambda notifier: notifier.task_started("t", execution="e1"), Unroutable),
    ],
    ids=["invalid", "unroutable"],
)
def test_an_engine_may_ask_for_the_error(bus, caplog, act, error):
    notifier = Notifier(bus, on_error="raise")

    with pytest.raises(error):
        act(notifier)
    assert not caplog.records


def test_a_refusal_is_raised_where_it_is_asked_for(bus):
    def refuse(_events):
        raise Refused("full")

    bus.bind("#", refuse)

    with pytest.raises(Refused, match="full"):
        Notifier(bus, on_error="raise").execution_started("e1")


def test_who_interrupts_the_program_is_not_caught(bus):
    def interrupt(_events):
        raise KeyboardInterrupt

    bus.bind("#", interrupt)

    with pytest.raises(KeyboardInterrupt):
        Notifier(bus).execution_started("e1")


def test_a_closed_notifier_publishes_nothing(bus):
    with Notifier(bus, on_error="raise") as notifier:
        notifier.close()

    with pytest.raises(Unreachable):
        notifier.execution_started("e1")


def test_threads_may_share_a_notifier(notifier, queue):
    def tell(name):
        for n in range(50):
            notifier.task_started(f"t{n}", execution=name)

    threads = [threading.Thread(target=tell, args=(f"e{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    events = [told(queue) for _ in range(200)]
    for execution in ("e0", "e1", "e2", "e3"):
        names = [e.task_name for e in events if e.execution_id == execution]
        assert names == [f"t{n}" for n in range(50)]
