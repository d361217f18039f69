# SPDX-License-Identifier: Apache-2.0
"""Somebody registers a listener, and gets the webhooks that were asked for."""

import pytest

from notifier.event import Event
from notifier.wire import encode_body

ORDERS = {"workbook": "orders", "workflow": "fulfil", "execution": "e1"}


@pytest.fixture
def listen(client, endpoint):
    """Register a listener at the endpoint, and return its secret."""

    def listen(**members):
        callback = {"callback": {"url": endpoint.url}}
        return client.listeners.add({"events": ["TASK"], **callback, **members})[
            "secret"
        ]

    return listen


def test_a_listener_gets_a_signed_webhook_with_the_bytes_of_the_bus(
    client, engine, endpoint, delivered
):
    listener = client.listeners.add(
        {
            "workbook": "orders",
            "events": ["on-task-error"],
            "callback": {"url": endpoint.url, "headers": {"X-Team": "ops"}},
        }
    )
    event = Event.new(
        "task.failed", task="charge", payload={"café": 1.50}, source="/s", **ORDERS
    )

    engine.notify(event)

    came = endpoint.next()
    (delivery,) = delivered(1)
    assert came.body == encode_body(event)
    assert came.path == "/hook"
    assert came.headers["content-type"] == "application/json"
    assert came.headers["x-team"] == "ops"
    assert came.headers["webhook-id"] == delivery["id"]
    sent = {k: v for k, v in came.headers.items() if k.startswith("ce-")}
    assert sent.pop("ce-time")
    assert sent == {
        "ce-specversion": "1.0",
        "ce-id": event.id,
        "ce-source": "/s",
        "ce-type": "task.failed",
        "ce-subject": "executions/e1/tasks/charge",
        "ce-partitionkey": "e1",
        "ce-project": "default",
        "ce-workbook": "orders",
    }
    engine.notify(Event.new("task.failed", task="ship", **ORDERS))
    assert endpoint.next_event(listener["secret"])["data"]["task"] == {"name": "ship"}


def test_it_hears_its_workbook_only(listen, engine, endpoint, delivered):
    secret = listen(workbook="orders")

    engine.task_failed("charge", execution="e1", workbook="bills")
    engine.task_failed("charge", execution="e2")
    engine.task_failed("charge", execution="e3", workbook="orders")

    assert endpoint.next_event(secret)["data"]["execution"]["id"] == "e3"
    delivered(1)


def test_it_hears_its_types_only(listen, engine, endpoint, delivered):
    secret = listen(events=["on-task-error", "execution.cancelled"])

    engine.execution_started("e1")
    engine.task_succeeded("charge", execution="e1")
    engine.execution_failed("e1")
    engine.task_failed("charge", execution="e2")
    engine.execution_cancelled("e2")

    heard = {endpoint.next_event(secret)["type"] for _ in range(2)}
    assert heard == {"task.failed", "execution.cancelled"}
    delivered(2)


def test_it_hears_an_execution_and_its_sub_workflows(
    listen, engine, endpoint, delivered
):
    secret = listen(execution_id="e1")

    engine.task_failed("a", execution="e9")
    engine.task_failed("b", execution={"id": "e2", "root_id": "e9", "parent_id": "e9"})
    engine.task_failed("c", execution="e1")
    engine.task_failed("d", execution={"id": "e3", "root_id": "e1", "parent_id": "e2"})

    names = {endpoint.next_event(secret)["data"]["task"]["name"] for _ in range(2)}
    assert names == {"c", "d"}
    delivered(2)


def test_it_hears_its_project_only(listen, engine, endpoint, delivered):
    secret = listen(project="acme")

    engine.task_failed("charge", execution="e1")
    engine.task_failed("charge", execution="e2", project="umbrella")
    engine.task_failed("charge", execution="e3", project="acme")

    assert endpoint.next_event(secret)["data"]["execution"]["id"] == "e3"
    delivered(1)


def test_its_condition_must_be_true(listen, engine, endpoint, delivered):
    secret = listen(
        events=["EXECUTION"],
        when="$.execution.error != null and $.payload.amount > 100",
    )

    engine.execution_failed("e1", error=None, payload={"amount": 200})
    engine.execution_failed("e2", error="declined", payload={"amount": 99})
    engine.execution_failed("e3", error="declined")
    engine.execution_failed("e4", error="declined", payload={"amount": 101})

    assert endpoint.next_event(secret)["data"]["execution"]["id"] == "e4"
    delivered(1)


@pytest.mark.parametrize("form", ["by workbook name", "callback with events"])
def test_the_short_forms_do_what_they_say(form, client, engine, endpoint):
    said = {
        "by workbook name": {
            "workbook_name": "orders",
            "events": ["EXECUTION", "TASK"],
            "url": endpoint.url,
        },
        "callback with events": {
            "callback": {
                "events": ["on-task-complete"],
                "url": endpoint.url,
                "method": "PUT",
                "headers": {"X-Team": "ops"},
            }
        },
    }
    secret = client.listeners.add(said[form])["secret"]

    engine.task_succeeded("charge", execution="e1", workbook="orders")

    assert endpoint.next_event(secret)["type"] == "task.succeeded"


def test_several_listeners_of_an_event_get_it_once_each(
    listen, engine, endpoint, delivered
):
    listen(workbook="orders")
    listen(workbook="ord*")
    listen(task="charge")

    engine.task_failed("charge", execution="e1", workbook="orders")
    engine.task_failed("ship", execution="e2", workbook="orders")

    came = [endpoint.next() for _ in range(5)]
    tasks = [one.headers["ce-subject"] for one in came]
    assert tasks.count("executions/e1/tasks/charge") == 3
    assert tasks.count("executions/e2/tasks/ship") == 2
    assert len({one.headers["webhook-id"] for one in came}) == 5
    delivered(5)
