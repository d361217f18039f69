# SPDX-License-Identifier: Apache-2.0
"""The ways to bring events to the bus, each made ready to be measured.

A way gives work for one thread or more; what it takes to get ready is not counted.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import kombu
from sqlalchemy import MetaData, create_engine

from benchmarks.measuring import Servers
from notifier.event import Event
from notifier.notifier import Notifier
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.outbox import Outbox, outbox_table
from notifier.relay import Relay, create
from notifier.topology import BRIDGE_QUEUE, EXCHANGE, OUTBOX_TABLE
from notifier.wire import AmqpMessage, to_amqp

Work = Sequence[Callable[[], object]]
"""What each thread does."""

THREADS: Final = 32
LIST: Final = 100

_TEXT: Final = "x" * 500
_DATABASE: Final = "outbox"


@dataclass(frozen=True, slots=True)
class Way:
    """One way.

    Attributes:
        name: As the table has it.
        share: Of the events that the quickest is given.
        ready: Makes the work for so many events ready, and takes it away.
    """

    name: str
    share: float
    ready: Callable[[Servers, int], AbstractContextManager[Work]]


@contextmanager
def bus(servers: Servers) -> Iterator[None]:
    """Have a durable exchange and queue, and nothing of them afterwards."""
    with kombu.Connection(servers.rabbit.url) as connection:
        channel = connection.default_channel
        queue = kombu.Queue(
            BRIDGE_QUEUE, kombu.Exchange(EXCHANGE, "topic"), routing_key="#"
        )
        queue(channel).declare()
        yield
        channel.queue_delete(BRIDGE_QUEUE)


@contextmanager
def _kombu(servers: Servers, count: int) -> Iterator[Work]:
    messages = [to_amqp(event) for event in _events("kombu", count)]
    with kombu.Connection(
        servers.rabbit.url, transport_options={"confirm_publish": True}
    ) as connection:
        producer = connection.Producer(exchange=kombu.Exchange(EXCHANGE, "topic"))
        yield [partial(_produce, producer, messages)]


def _produce(producer: kombu.Producer, messages: Sequence[AmqpMessage]) -> None:
    for message in messages:
        producer.publish(
            message.body,
            routing_key=message.routing_key,
            headers=dict(message.headers),
            mandatory=True,
            **message.properties,
        )


@contextmanager
def _one_by_one(servers: Servers, count: int, *, threads: int) -> Iterator[Work]:
    with _notifier(servers) as notifier:
        yield [
            partial(_each, notifier.notify, _events(f"t{number}", count // threads))
            for number in range(threads)
        ]


@contextmanager
def _told(servers: Servers, count: int) -> Iterator[Work]:
    with _notifier(servers) as notifier:
        yield [
            partial(_tell, notifier, f"t{number}", count // THREADS)
            for number in range(THREADS)
        ]


@contextmanager
def _in_lists(servers: Servers, count: int) -> Iterator[Work]:
    lists = [_events(f"l{number}", LIST) for number in range(count // LIST)]
    with _notifier(servers) as notifier:
        yield [partial(_each, notifier.notify_many, lists)]


@contextmanager
def _relayed(servers: Servers, count: int) -> Iterator[Work]:
    url = servers.postgres.database(_DATABASE)
    try:
        create(url, OUTBOX_TABLE)
        _fill(url, _events("r", count))
        publisher = AmqpPublisher(servers.rabbit.url, queue_type="classic")
        with Relay(url, publisher) as relay:
            yield [relay.run_once]
            if relay.tally.published != count:
                raise AssertionError(f"relayed {relay.tally.published} of {count}")
    finally:
        servers.postgres.drop_database(_DATABASE)


WAYS: Final = (
    Way("kombu, one by one", 0.25, _kombu),
    Way("`notify`, 1 thread", 0.25, partial(_one_by_one, threads=1)),
    Way(f"`notify`, {THREADS} threads", 1, partial(_one_by_one, threads=THREADS)),
    Way(f"`task_succeeded`, {THREADS} threads", 1, _told),
    Way(f"`notify_many`, lists of {LIST}", 1, _in_lists),
    Way("relay, PostgreSQL", 1, _relayed),
)


@contextmanager
def _notifier(servers: Servers) -> Iterator[Notifier]:
    publisher = AmqpPublisher(servers.rabbit.url, queue_type="classic")
    with Notifier(publisher, source="/benchmark", on_error="raise") as notifier:
        notifier.notify(_events("first", 1)[0])
        yield notifier


def _each(publish: Callable[..., bool], given: Sequence[object]) -> None:
    for one in given:
        publish(one)


def _tell(notifier: Notifier, name: str, count: int) -> None:
    for number in range(count):
        notifier.task_succeeded(
            "charge",
            execution=f"{name}-{number}",
            workbook="orders",
            workflow="fulfil",
            payload={"text": _TEXT},
        )


def _fill(url: str, events: Sequence[Event]) -> None:
    outbox = Outbox(outbox_table(MetaData()))
    engine = create_engine(url.replace("postgresql", "postgresql+psycopg", 1))
    with engine.begin() as connection:
        outbox.add(connection, *events)
    engine.dispose()


def _events(name: str, count: int) -> Sequence[Event]:
    return [
        Event.new(
            "task.succeeded",
            source="/benchmark",
            execution=f"{name}-{number}",
            task="charge",
            workbook="orders",
            workflow="fulfil",
            payload={"text": _TEXT},
        )
        for number in range(count)
    ]
