# SPDX-License-Identifier: Apache-2.0
"""``notifier tail`` on a real RabbitMQ."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from kombu import Connection

from notifier.errors import Unroutable
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.wire import to_cloudevent
from tests.integration.commands import Running, notifier

SHORTLY = timedelta(seconds=10)


@pytest.fixture
def publish(amqp_url):
    with AmqpPublisher(amqp_url) as publisher:
        yield lambda *events: publisher.publish(events, timeout=SHORTLY)


@pytest.fixture
def broker(amqp_url):
    with Connection(amqp_url) as connection:
        yield connection


def event(event_type, **names):
    names.setdefault("execution", "e1")
    return Event.new(event_type, **names)


def test_every_event_is_shown_as_a_line(amqp_url, publish):
    with Running("tail", AMQP_URL=amqp_url) as tail:
        note = tail.note()
        publish(
            event(
                "task.failed",
                task={"name": "charge", "error": "card\x1b[2J declined\n"},
                project="acme",
                workbook="orders",
                workflow="fulfil",
                time=datetime(2026, 11, 24, 2, 10, 0, 123456, tzinfo=UTC),
            ),
            event("execution.succeeded"),
        )
        lines = [tail.line(), tail.line()]

    password_free = amqp_url.replace(":guest@", ":***@")
    assert note == f"listening on {password_free}; Ctrl-C ends"
    assert lines[0] == (
        "02:10:00.123Z task.failed      acme/orders/fulfil e1 charge "
        "error: card\\x1b[2J declined\\n"
    )
    assert lines[1].split()[1:] == ["execution.succeeded", "default/-/-", "e1"]


def test_json_is_the_cloudevent(amqp_url, publish):
    told = event("task.started", task="charge")
    with Running("tail", "--format", "json", AMQP_URL=amqp_url) as tail:
        tail.note()
        publish(told)

        assert json.loads(tail.line()) == to_cloudevent(told)


def test_only_what_a_binding_accepts_is_shown(amqp_url, publish):
    bindings = ("--binding", "task.failed.#", "--binding", "*.*.*.orders.#")
    with Running("tail", *bindings, AMQP_URL=amqp_url) as tail:
        tail.note()
        publish(
            event("task.started", task="not this one"),
            event("task.failed", task="this one"),
            event("execution.started", workbook="bills"),
            event("execution.started", workbook="orders"),
        )

        assert "this one" in tail.line()
        assert "orders" in tail.line()


def test_it_ends_after_as_many_as_asked(amqp_url, publish):
    with Running("tail", "--count", "2", AMQP_URL=amqp_url) as tail:
        tail.note()
        publish(*(event("execution.started") for _ in range(3)))

        assert tail.end() == 0


def test_ctrl_c_is_no_failure(amqp_url):
    with Running("tail", AMQP_URL=amqp_url) as tail:
        tail.note()

        assert tail.interrupt() == 0


def test_its_queue_ends_with_it(amqp_url):
    started = event("task.started", task="t")
    with AmqpPublisher(amqp_url, bridge_queue=None) as publisher:
        with Running("tail", AMQP_URL=amqp_url) as tail:
            tail.note()
            publisher.publish([started], timeout=SHORTLY)
            tail.line()
            tail.interrupt()

        with pytest.raises(Unroutable):
            publisher.publish([started], timeout=SHORTLY)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("human", "no event (task.failed.x): body: is not JSON: "),
        ("json", '{"fault": "body: is not JSON: '),
    ],
)
def test_a_message_that_is_no_event_is_shown_as_such(amqp_url, broker, form, said):
    with Running("tail", "--format", form, AMQP_URL=amqp_url) as tail:
        tail.note()
        broker.Producer().publish(
            "nonsense",
            exchange="workflow.events",
            routing_key="task.failed.x",
            headers={"cloudEvents_id": "i", "cloudEvents_source": "/s"},
        )

        assert tail.line().startswith(said)


def test_a_broker_that_comes_back_is_listened_to_again(own_rabbit):
    with Running("tail", AMQP_URL=own_rabbit.url) as tail:
        assert tail.note().startswith("listening on ")
        own_rabbit.kill()
        assert "events are missed until it is back" in tail.note()
        own_rabbit.start()
        while not (note := tail.note()).startswith("listening on "):
            assert "events are missed" in note
        with AmqpPublisher(own_rabbit.url) as publisher:
            publisher.publish([event("execution.started")], timeout=SHORTLY)

        assert "execution.started" in tail.line()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("amqp://me:secret@127.0.0.1:1/", "Error: no broker answers on amqp://me:***"),
        ("nonsense", "Error: AMQP_URL must be a URL"),
    ],
)
def test_a_broker_that_was_never_there_ends_it(url, said):
    done = notifier("tail", AMQP_URL=url)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


def test_a_user_whom_the_broker_refuses_is_told(amqp_url):
    url = amqp_url.replace("guest:guest", "guest:wrong")

    done = notifier("tail", AMQP_URL=url)

    assert done.returncode == 1
    assert "refuses" in done.stderr
    assert "wrong" not in done.stderr
