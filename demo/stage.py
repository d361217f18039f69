# SPDX-License-Identifier: Apache-2.0
"""The bus that the demo runs on, and a consumer that is bound to it directly."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from kombu import Connection, Consumer, Exchange, Queue

from bridge.embedded import EmbeddedBridge
from notifier import wire
from notifier.event import Event
from notifier.publishers.memory import MemoryPublisher, MemoryQueue
from notifier.topology import EXCHANGE
from tests.servers.foreign import ForeignBroker
from tests.servers.rabbitmq import NotInstalled, RabbitNode

TURN_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Stage:
    """What the demo says of its bus in its first line.

    Attributes:
        url: Of the broker; None: in-process.
    """

    line: str
    url: str | None


@contextmanager
def stage() -> Iterator[Stage]:
    """Give the bus: ``AMQP_URL``, else a private node if RabbitMQ is installed."""
    url = os.environ.get("AMQP_URL")
    if url:
        with _own_place(ForeignBroker(url), url) as place:
            yield Stage("bus: RabbitMQ, as AMQP_URL says", place)
        return
    try:
        node = RabbitNode(plugins=())
        node.start()
    except NotInstalled:
        line = "bus: in-process (RabbitMQ not found; set AMQP_URL)"
        yield Stage(line, None)
        return
    try:
        version = ".".join(node.version.split(".")[:2])
        yield Stage(f"bus: RabbitMQ {version}, private node", node.url)
    finally:
        node.stop()


@contextmanager
def direct_consumer(
    stage: Stage, bridge: EmbeddedBridge, binding: str, seen: Callable[[Event], None]
) -> Iterator[None]:
    """Bind a consumer beside the bridge, and tell `seen` of what it gets."""
    stop = threading.Event()
    publisher = bridge.publisher
    if isinstance(publisher, MemoryPublisher):
        take: Callable[[], None] = _memory_taker(publisher.queue(binding), seen)
        release: Callable[[], object] = bool  # there is nothing to let go of
    else:
        connection = Connection(stage.url)
        take = _amqp_taker(connection, binding, seen)
        release = connection.release

    def consume() -> None:
        while not stop.is_set():
            take()

    thread = threading.Thread(target=consume, name="direct consumer")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        release()


def _memory_taker(
    queue: MemoryQueue, seen: Callable[[Event], None]
) -> Callable[[], None]:
    def take() -> None:
        published = queue.get(timedelta(seconds=TURN_SECONDS))
        if published is not None:
            seen(published.event)

    return take


def _amqp_taker(
    connection: Connection, binding: str, seen: Callable[[Event], None]
) -> Callable[[], None]:
    """Bind an exclusive queue: what any program on the bus would do."""

    def on_message(message: Any) -> None:  # noqa: ANN401 - kombu publishes no types
        seen(wire.from_amqp(message.properties, message.headers, message.body))
        message.ack()

    events = Exchange(EXCHANGE, "topic", durable=True)
    queue = Queue("", events, routing_key=binding, exclusive=True)
    consumer = Consumer(connection, [queue], on_message=on_message)
    consumer.consume()

    def take() -> None:
        try:
            connection.drain_events(timeout=TURN_SECONDS)
        except TimeoutError:
            return

    return take


@contextmanager
def _own_place(broker: ForeignBroker, url: str) -> Iterator[str]:
    """Give a virtual host of the demo's own, where the broker lets us have one."""
    if not broker.gives_vhosts:
        yield url
        return
    name = f"demo-{os.getpid()}"
    try:
        yield broker.vhost(name)
    finally:
        broker.drop_vhost(name)
