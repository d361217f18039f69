# SPDX-License-Identifier: Apache-2.0
"""Exchanges for the `amqp` callback: one that is bound, one that is not, one that is dumb."""

from contextlib import contextmanager

from bridge.model import CallbackSpec
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.dial import client_of
from tests.contract.buses import silent_peer

BOUND, UNBOUND, SILENT = "bound", "unbound", "silent"
QUEUE = "bound.all"


class Senders:
    """A `Sender`: to one exchange by a broker that never says a word, else by a real one."""

    def __init__(self, real, silent):
        self._real = real
        self._silent = silent

    def send(self, messages, *, timeout):
        to_silent = messages[0].exchange == SILENT
        (self._silent if to_silent else self._real).send(messages, timeout=timeout)


@contextmanager
def senders(url):
    """Declare the exchanges and yield what sends to them."""
    connection = client_of(url).transport.establish_connection()
    channel = connection.channel()
    for exchange in (BOUND, UNBOUND):
        channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
    channel.queue_declare(QUEUE, durable=True, auto_delete=False)
    channel.queue_bind(QUEUE, BOUND, "#")
    connection.close()
    with (
        silent_peer() as port,
        AmqpPublisher(url) as real,
        AmqpPublisher(f"amqp://127.0.0.1:{port}/") as silent,
    ):
        yield Senders(real, silent)


def to(exchange, **members):
    """Return a callback to an exchange."""
    return CallbackSpec("amqp", exchange=exchange, **members)
