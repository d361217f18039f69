# SPDX-License-Identifier: Apache-2.0
"""Chooses the bus: RabbitMQ where its URL is set, else the one within this process."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from kombu.connection import Connection

from bridge.callbacks.amqp import Sender
from bridge.errors import Conflict
from bridge.intake.broker import BrokerSource, Stray
from bridge.intake.inbox import Inbox
from bridge.intake.source import Source
from bridge.model import Envelope
from bridge.settings import BusSettings
from bridge.store.events import EventStore
from bridge.telemetry import Telemetry
from notifier import errors, topology
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.memory import MemoryPublisher, Published
from notifier.publishers.outgoing import Outgoing
from notifier.publishers.publisher import Publisher
from notifier.settings import masked

HEARTBEAT_SECONDS: Final = 10
CONNECT_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Bus:
    """Both ends of a bus.

    Attributes:
        sender: Publishes to any exchange; None without a broker.
        name: For people; holds no password.
    """

    source: Source
    publisher: Publisher
    sender: Sender | None
    name: str


def memory_bus(store: EventStore, executor: Executor) -> Bus:
    """Return the bus within this process; the events' table is its queue.

    To be called on the event loop that it shall wake.
    """
    publisher = MemoryPublisher()
    inbox = Inbox(store, executor)
    loop = asyncio.get_running_loop()

    def accept(published: Sequence[Published]) -> None:
        envelopes = [
            Envelope(event, message.body, message.routing_key)
            for event, message in published
        ]
        try:
            store.accept(envelopes, datetime.now(UTC))
        except Conflict as err:
            raise errors.Conflict(str(err)) from err
        loop.call_soon_threadsafe(inbox.wake)

    publisher.bind("#", accept)
    return Bus(inbox, publisher, None, "in-process (set AMQP_URL to use RabbitMQ)")


def broker_bus(settings: BusSettings, url: str, telemetry: Telemetry) -> Bus:
    """Return the bus on RabbitMQ; nothing is connected yet."""
    publisher = AmqpPublisher(
        url, exchange=settings.exchange, queue_type=settings.queue_type
    )

    async def set_aside(stray: Stray) -> None:
        message = Outgoing(
            exchange=topology.DEAD_EXCHANGE,
            routing_key=stray.routing_key,
            body=stray.body,
            properties=stray.properties,
            headers={**stray.headers, "reason": stray.reason},
            key="",
            id=str(stray.properties.get("message_id", "")),
        )
        await asyncio.to_thread(publisher.send, [message], timeout=settings.timeout)
        telemetry.quarantined(stray.reason)

    source = BrokerSource(
        partial(_connect, settings, url),
        queue=topology.BRIDGE_QUEUE,
        prefetch=settings.prefetch,
        set_aside=set_aside,
    )
    queue = topology.BRIDGE_QUEUE
    name = f"RabbitMQ {masked(url)}, queue {queue}"
    return Bus(source, publisher, publisher, name)


def _connect(settings: BusSettings, url: str) -> Connection:
    limit = timedelta(seconds=CONNECT_SECONDS).total_seconds()
    connection = Connection(
        url,
        heartbeat=HEARTBEAT_SECONDS,
        connect_timeout=limit,
        transport_options={"read_timeout": limit, "write_timeout": limit},
    )
    try:
        connection.connect()
        topology.declare(
            connection, exchange=settings.exchange, queue_type=settings.queue_type
        )
        topology.declare_quarantine(connection)
    except BaseException:
        connection.release()
        raise
    return connection
