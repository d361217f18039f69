# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ as the bus of a conformance test; adapters reach it through a proxy."""

import contextlib
import threading
from typing import assert_never

import kombu

from notifier.engines.conformance import State
from notifier.topology import EXCHANGE
from notifier.wire import from_amqp
from tests.servers.proxy import Proxy

POLL_SECONDS = 0.1


class AmqpBus:
    """A `Bus`, as a context manager.

    Attributes:
        url: For ``connect(url)`` or ``AMQP_URL``, in any process of this machine.
    """

    def __init__(self, url):
        self._url = url
        self._proxy = Proxy(url)
        self.url = self._proxy.url
        self._events = []
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._consume)

    def __enter__(self):
        self._proxy.__enter__()
        self._thread.start()
        assert self._listening.wait(20)
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._proxy.__exit__()

    def be(self, state):
        """Be up, away or slow from now on."""
        match state:
            case State.UP:
                self._proxy.mend()
            case State.AWAY:
                self._proxy.refuse()
            case State.SLOW:
                self._proxy.swallow_all()
            case _:
                assert_never(state)

    def arrived(self, is_enough, within):
        """Return all that has arrived so far, in its order (see `Bus`)."""
        with self._changed:
            self._changed.wait_for(
                lambda: is_enough(self._events), within.total_seconds()
            )
            return list(self._events)

    def _consume(self):
        exchange = kombu.Exchange(EXCHANGE, "topic", durable=True)
        with kombu.Connection(self._url) as connection:
            queue = kombu.Queue("", exchange, routing_key="#", exclusive=True)
            with connection.Consumer(queue, on_message=self._keep, no_ack=True):
                self._listening.set()
                while not self._ended.is_set():
                    with contextlib.suppress(TimeoutError):
                        connection.drain_events(timeout=POLL_SECONDS)

    def _keep(self, message):
        properties = dict(message.properties)
        headers = message.headers
        properties.pop("application_headers", None)
        event = from_amqp(properties, headers, bytes(message.body))
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()
