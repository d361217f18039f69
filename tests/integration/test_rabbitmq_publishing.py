# SPDX-License-Identifier: Apache-2.0
"""What RabbitMQ answers to publishing, and what becomes of it."""

import threading
from dataclasses import replace
from datetime import timedelta

import kombu
import pytest
from amqp import NotFound

from notifier.errors import PublishError, Refused, Unroutable
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from tests.integration.messages import numbered, outgoing, taken

TIMEOUT = timedelta(seconds=20)
SHORT = timedelta(seconds=1)


@pytest.fixture
def channel(amqp_url):
    with kombu.Connection(amqp_url) as connection:
        yield connection.channel()


@pytest.fixture
def publisher(amqp_url):
    with AmqpPublisher(amqp_url) as publisher:
        yield publisher


def test_the_next_broker_is_tried_when_one_cannot_be_reached(amqp_url, channel):
    with AmqpPublisher(f"amqp://127.0.0.1:1/;{amqp_url}") as publisher:
        publisher.publish([numbered(1)], timeout=TIMEOUT)

    assert taken(channel, "bridge") == ["e1-1"]


def test_only_the_events_that_no_queue_takes_are_in_the_error(amqp_url, channel):
    channel.exchange_declare("workflow.events", "topic", auto_delete=False)
    channel.queue_declare("mine", durable=True, auto_delete=False)
    channel.queue_bind("mine", "workflow.events", "execution.#")
    events = [
        Event.new(kind, execution="e1", task="t", event_id=str(n))
        for n, kind in enumerate(["task.failed", "execution.failed"] * 50)
    ]

    with (
        AmqpPublisher(amqp_url, bridge_queue=None) as publisher,
        pytest.raises(Unroutable, match="and 49 more") as caught,
    ):
        publisher.publish(events, timeout=TIMEOUT)

    assert caught.value.event_ids == tuple(str(n) for n in range(0, 100, 2))
    assert taken(channel, "mine") == [str(n) for n in range(1, 100, 2)]


def test_what_no_queue_takes_may_be_of_no_concern(amqp_url, channel):
    channel.exchange_declare("workflow.events", "topic", auto_delete=False)
    channel.queue_declare("mine", durable=True, auto_delete=False)
    channel.queue_bind("mine", "workflow.events", "execution.#")
    events = [
        Event.new(kind, execution="e1", task="t", event_id=kind)
        for kind in ("task.failed", "execution.failed")
    ]

    with AmqpPublisher(
        amqp_url, bridge_queue=None, on_unroutable="ignore"
    ) as publisher:
        publisher.publish(events, timeout=TIMEOUT)
        with pytest.raises(Unroutable):
            publisher.send([outgoing("", 1)], timeout=TIMEOUT)

    assert taken(channel, "mine") == ["execution.failed"]


def test_the_bridges_queue_may_have_another_name(amqp_url, channel):
    with AmqpPublisher(amqp_url, bridge_queue="theirs") as publisher:
        publisher.publish([numbered(1)], timeout=TIMEOUT)

    assert taken(channel, "theirs") == ["e1-1"]
    with pytest.raises(NotFound):
        channel.queue_declare("bridge", passive=True)


def test_a_queue_bound_meanwhile_takes_the_next_event(amqp_url, channel):
    with AmqpPublisher(amqp_url, bridge_queue=None) as publisher:
        with pytest.raises(Unroutable):
            publisher.publish([numbered(1)], timeout=TIMEOUT)
        channel.queue_declare("mine", durable=True, auto_delete=False)
        channel.queue_bind("mine", "workflow.events", "#")

        publisher.publish([numbered(2)], timeout=TIMEOUT)

    assert taken(channel, "mine") == ["e1-2"]


def test_a_missing_exchange_concerns_only_the_messages_for_it(publisher, channel):
    channel.exchange_declare("theirs", "topic", durable=True, auto_delete=False)
    channel.queue_declare("mine", durable=True, auto_delete=False)
    channel.queue_bind("mine", "theirs", "#")
    messages = [outgoing(("theirs", "gone")[n % 2], n) for n in range(10)]

    errors = publisher.attempt(messages, timeout=TIMEOUT)
    publisher.send([outgoing("theirs", 10)], timeout=TIMEOUT)

    assert [type(error) for error in errors] == [type(None), Refused] * 5
    assert "no exchange 'gone'" in str(errors[1])
    assert taken(channel, "mine") == ["0", "2", "4", "6", "8", "10"]


def test_a_message_that_makes_the_broker_hang_up_concerns_no_other(publisher, channel):
    channel.exchange_declare("theirs", "topic", durable=True, auto_delete=False)
    channel.queue_declare("mine", durable=True, auto_delete=False)
    channel.queue_bind("mine", "theirs", "#")
    messages = [outgoing("theirs", n) for n in range(6)]
    messages[3] = replace(messages[3], headers={"x": "y" * 200_000})  # over a frame

    errors = publisher.attempt(messages, timeout=TIMEOUT)

    assert [error.event_ids for error in errors if error] == [("3",)]
    assert isinstance(errors[3], Refused)
    arrived = list(dict.fromkeys(taken(channel, "mine")))
    assert arrived == ["0", "1", "2", "4", "5"]


def test_different_errors_of_one_call_are_told_as_one(amqp_url, channel):
    channel.exchange_declare("bare", "topic", durable=True, auto_delete=False)

    with (
        AmqpPublisher(amqp_url) as publisher,
        pytest.raises(PublishError, match=r"no queue of bare .*no exchange") as caught,
    ):
        publisher.send([outgoing("bare", 1), outgoing("gone", 2)], timeout=TIMEOUT)

    assert type(caught.value) is PublishError
    assert caught.value.event_ids == ("1", "2")


@pytest.fixture
def full(channel):
    """A queue that refuses all beyond one message."""
    channel.exchange_declare("workflow.events", "topic", auto_delete=False)
    channel.queue_declare(
        "bridge",
        durable=True,
        auto_delete=False,
        arguments={"x-max-length": 1, "x-overflow": "reject-publish"},
    )
    return "bridge"


@pytest.mark.usefixtures("full")
def test_an_event_that_the_broker_keeps_refusing_is_an_error(publisher):
    publisher.publish([numbered(1)], timeout=TIMEOUT)

    with pytest.raises(Refused, match=r"refused it \d+ times") as caught:
        publisher.publish([numbered(2), numbered(3)], timeout=SHORT)

    assert caught.value.event_ids == ("e1-2", "e1-3")


def test_no_event_overtakes_one_that_the_broker_refused(publisher, channel, full):
    taken_out = []
    done = threading.Event()

    def consume():
        while not done.wait(0.01):
            taken_out.extend(taken(channel, full))
        taken_out.extend(taken(channel, full))

    consumer = threading.Thread(target=consume)
    consumer.start()
    events = [numbered(n, f"e{n % 2}") for n in range(20)]
    try:
        publisher.publish(events, timeout=TIMEOUT)
    finally:
        done.set()
        consumer.join()

    for execution in ("e0", "e1"):
        mine = [one for one in taken_out if one.startswith(execution)]
        last_of_each = list(dict.fromkeys(reversed(mine)))[::-1]
        assert last_of_each == [e.id for e in events if e.execution_id == execution]
