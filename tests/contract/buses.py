# SPDX-License-Identifier: Apache-2.0
"""Each bus with its publisher, and a look at what arrived on it."""

import contextlib
import socket
import time
from datetime import timedelta

import kombu

from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.http import HttpPublisher
from notifier.publishers.memory import MemoryPublisher
from notifier.publishers.oslo import OsloPublisher
from notifier.topology import BRIDGE_QUEUE
from notifier.wire import from_amqp, from_oslo
from tests.openstack import transport_url
from tests.servers.door import Door

PATIENCE = timedelta(seconds=20)


class AmqpBus:
    """RabbitMQ, with the bridge's queue to see what arrives."""

    queue = BRIDGE_QUEUE

    def __init__(self, url):
        self._url = url
        self.publisher = AmqpPublisher(url)

    def read(self, message):
        """Return the event in a message."""
        properties = dict(message.properties)
        headers = properties.pop("application_headers")
        return from_amqp(properties, headers, bytes(message.body))

    def arrived(self, count):
        """Return the first events that arrive, so many."""
        events = []

        def keep(message):
            events.append(self.read(message))

        with kombu.Connection(self._url) as connection:
            channel = connection.channel()
            channel.basic_consume(self.queue, no_ack=True, callback=keep)
            deadline = time.monotonic() + PATIENCE.total_seconds()
            while len(events) < count and time.monotonic() < deadline:
                with contextlib.suppress(TimeoutError):
                    connection.drain_events(timeout=0.2)
        return events

    def close(self):
        self.publisher.close()


class OsloBus(AmqpBus):
    """RabbitMQ by way of oslo.messaging, with the queue of its topic."""

    queue = "workflow_events.info"

    def __init__(self, url):
        self._url = url
        self.publisher = OsloPublisher(transport_url(url))

    def read(self, message):
        """Return the event in a message."""
        return from_oslo({}, message.body)


class HttpBus:
    """A bridge's door."""

    def __init__(self):
        self._door = Door()
        self._door.__enter__()
        self.publisher = HttpPublisher(self._door.url)

    def arrived(self, count):
        """Return the first events that arrived; every answer waited for them."""
        return self._door.events[:count]

    def close(self):
        self.publisher.close()
        self._door.__exit__()


class MemoryBus:
    """The process itself."""

    def __init__(self):
        self.publisher = MemoryPublisher()
        self._events = []
        self.publisher.bind("#", self._keep)

    def arrived(self, count):
        """Return the first events that arrived; every call waited for them."""
        return self._events[:count]

    def close(self):
        self.publisher.close()

    def _keep(self, published):
        self._events += [one.event for one in published]


@contextlib.contextmanager
def silent_peer():
    """Yield the port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
