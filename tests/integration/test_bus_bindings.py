# SPDX-License-Identifier: Apache-2.0
"""Bindings mean the same on RabbitMQ and in the process."""

import random
import secrets
from datetime import timedelta

import amqp
import kombu
import pytest

from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.memory import MemoryPublisher
from notifier.topology import EXCHANGE, accepts

TIMEOUT = timedelta(seconds=20)

EVENTS = {
    "task.failed.acme.orders.fulfil.charge": Event.new(
        "task.failed",
        project="acme",
        workbook="orders",
        workflow="fulfil",
        execution="e1",
        task="charge",
    ),
    "task.succeeded.acme.orders.fulfil.charge": Event.new(
        "task.succeeded",
        project="acme",
        workbook="orders",
        workflow="fulfil",
        execution="e1",
        task="charge",
    ),
    "execution.failed.acme.orders.fulfil": Event.new(
        "execution.failed",
        project="acme",
        workbook="orders",
        workflow="fulfil",
        execution="e1",
    ),
    "execution.started.default.-.-": Event.new("execution.started", execution="e2"),
    "task.failed.default.-.nightly.a%2Eb%23": Event.new(
        "task.failed", workflow="nightly", execution="e2", task="a.b#"
    ),
}

ORDERS = [key for key in EVENTS if "orders" in key]
FAILED_TASKS = [key for key in EVENTS if key.startswith("task.failed")]

BINDINGS = {
    # those of the documentation
    "task.failed.#": FAILED_TASKS,
    "execution.*.acme.#": ["execution.failed.acme.orders.fulfil"],
    "*.*.*.orders.#": ORDERS,
    # '#' stands for no word, too, wherever it stands
    "#": list(EVENTS),
    "#.#": list(EVENTS),
    "#.charge": [key for key in EVENTS if key.endswith("charge")],
    "#.orders.#": ORDERS,
    "task.failed.acme.orders.fulfil.charge.#": [FAILED_TASKS[0]],
    "#.task.failed.acme.orders.fulfil.charge": [FAILED_TASKS[0]],
    # '*' stands for exactly one
    "*.*.*.*.*": [key for key in EVENTS if key.count(".") == 4],
    "execution.*": [],
    "*": [],
    "*.failed.*.*.*.#": [key for key in EVENTS if ".failed." in key],
    # within a word they are letters, as in an encoded name
    "task.fail*.#": [],
    "*.*.*.*.*.a%2Eb%23": [FAILED_TASKS[1]],
    # a word that the engine does not know
    "*.*.default.-.#": [key for key in EVENTS if ".default." in key],
    "execution.started.default.-.-": ["execution.started.default.-.-"],
}


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_binding_takes_the_same_events_on_rabbitmq_and_in_the_process(
    amqp_url, binding
):
    bus = MemoryPublisher()
    bus.bind("#", lambda _: None)
    in_process = bus.queue(binding)
    with (
        kombu.Connection(amqp_url) as connection,
        AmqpPublisher(amqp_url) as publisher,
    ):
        channel = connection.channel()
        channel.exchange_declare(EXCHANGE, "topic", auto_delete=False)
        queue = bound(channel, EXCHANGE, binding)

        publisher.publish(list(EVENTS.values()), timeout=TIMEOUT)
        bus.publish(list(EVENTS.values()), timeout=TIMEOUT)

        on_rabbitmq = [m.delivery_info["routing_key"] for m in taken(channel, queue)]
    kept = iter(lambda: in_process.get(timedelta(0)), None)
    assert on_rabbitmq == BINDINGS[binding]
    assert [one.message.routing_key for one in kept] == BINDINGS[binding]


def test_any_binding_accepts_what_rabbitmq_accepts(amqp_url):
    seed = secrets.randbits(32)
    rng = random.Random(seed)  # noqa: S311 - no secret
    with kombu.Connection(amqp_url) as connection:
        channel = connection.channel()
        channel.exchange_declare("any", "topic", auto_delete=False)
        for _ in range(60):
            binding = some_words(rng)
            keys = [some_words(rng) for _ in range(15)]
            queue = bound(channel, "any", binding)
            for key in keys:
                channel.basic_publish(amqp.Message(), "any", key)

            said = [m.delivery_info["routing_key"] for m in taken(channel, queue)]

            channel.queue_delete(queue)
            expected = [key for key in keys if accepts(binding, key)]
            assert said == expected, f"{binding!r} (seed {seed})"


def some_words(rng):
    return ".".join(rng.choices(("a", "b", "", "*", "#"), k=rng.randrange(6)))


def bound(channel, exchange, binding):
    queue = channel.queue_declare(exclusive=True).queue
    channel.queue_bind(queue, exchange, binding)
    return queue


def taken(channel, queue):
    return list(iter(lambda: channel.basic_get(queue, no_ack=True), None))
