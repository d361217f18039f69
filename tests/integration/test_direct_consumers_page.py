# SPDX-License-Identifier: Apache-2.0
"""Every binding in docs/how-to/direct-consumers.md gets what the page says."""

from datetime import timedelta

import kombu
import pytest

from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.memory import MemoryPublisher
from notifier.topology import EXCHANGE
from tests.pages import Page, event_for

PAGE = Page("docs/how-to/direct-consumers.md")
EVENTS = {letter: event_for(key) for letter, key in PAGE.table("event", "routing key")}
BINDINGS = {
    binding: letters.split()
    for binding, letters, _ in PAGE.table("binding", "gets", "reads")
}
SHORTLY = timedelta(seconds=10)


@pytest.fixture
def on_rabbitmq(amqp_url):
    with (
        kombu.Connection(amqp_url) as connection,
        AmqpPublisher(amqp_url) as publisher,
    ):
        channel = connection.channel()
        channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)

        def get(binding):
            queue = channel.queue_declare("", exclusive=True).queue
            channel.queue_bind(queue, EXCHANGE, binding)
            publisher.publish(list(EVENTS.values()), timeout=SHORTLY)
            came = iter(lambda: channel.basic_get(queue, no_ack=True), None)
            return [one.properties["message_id"] for one in came]

        yield get


@pytest.fixture
def in_process():
    bus = MemoryPublisher()
    bus.bind("#", lambda _: None)

    def get(binding):
        queue = bus.queue(binding)
        bus.publish(list(EVENTS.values()), timeout=SHORTLY)
        came = iter(lambda: queue.get(timedelta()), None)
        return [one.event.id for one in came]

    return get


@pytest.mark.parametrize("bus", ["on_rabbitmq", "in_process"])
def test_each_binding_gets_what_the_page_says(bus, request):
    get = request.getfixturevalue(bus)
    letters = {event.id: letter for letter, event in EVENTS.items()}

    for binding, expected in BINDINGS.items():
        assert [letters[event_id] for event_id in get(binding)] == expected, binding
