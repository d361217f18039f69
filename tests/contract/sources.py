# SPDX-License-Identifier: Apache-2.0
"""Each source with the bus that feeds it, and a sink that keeps what it is handed."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from kombu import Connection, Queue

from bridge.intake import inbox
from bridge.model import Envelope
from bridge.service.bus import broker_bus, memory_bus
from bridge.service.notifications import hearing
from bridge.settings import BusSettings, NotificationSettings, Settings
from bridge.store.journal import Entry
from bridge.telemetry import Telemetry
from notifier import wire
from notifier.publishers.amqp import AmqpPublisher
from notifier.topology import QUARANTINE_QUEUE, declare_notifications
from tests.loops import until

BOUND = 20
PATIENCE = timedelta(seconds=20)


class Taken:
    """A sink; keeps what it is handed, and settles it when it is told to.

    Attributes:
        received: In the order they came.
    """

    def __init__(self, record):
        self.received = []
        self._record = record

    def __call__(self, received):
        self.received.append(received)

    @property
    def ids(self):
        """Of the events, in the order they came."""
        return [one.envelope.event.id for one in self.received]

    async def until_there_are(self, count):
        """Wait for so many events and return their ids."""
        await until(lambda: len(self.received) >= count)
        return self.ids

    async def settle(self, *received):
        """Settle as the intake does: once it is recorded."""
        await self._record([one.envelope for one in received])
        for one in received:
            one.settle()

    def reject(self, *received):
        """Reject as the intake does: it can never be recorded."""
        for one in received:
            one.reject("it does not fit")


class InboxSide:
    """The bus in this process, over a database."""

    def __init__(self, stores, monkeypatch):
        self._stores = stores
        self._executor = ThreadPoolExecutor(1)
        monkeypatch.setattr(inbox, "MAX_OPEN", BOUND)
        self._publisher = None

    def open(self):
        """Return a source, as a process that has just started has it."""
        bus = memory_bus(self._stores.events, self._stores.quarantine, self._executor)
        self._publisher = bus.publisher
        return bus.source

    def publish(self, *events):
        if self._publisher is None:  # before the first process
            self.open()
        self._publisher.publish(events, timeout=PATIENCE)

    async def record(self, envelopes):
        entries = [Entry(arrived=(one, datetime.now(UTC))) for one in envelopes]
        write = self._stores.journal().write
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, write, entries)

    async def until_set_aside(self, count):
        """Wait until so many events wait no more, though nothing is recorded of them."""
        assert self._stores.events.last_position() >= count
        await until(lambda: self._stores.events.queued(1) == [])

    def close(self):
        self._executor.shutdown()


class BrokerSide:
    """RabbitMQ."""

    READER = "lean"

    def __init__(self, url):
        self.url = url
        self._publishers = [AmqpPublisher(url)]

    def open(self):
        """Return a source, as a process that has just started has it."""
        settings = BusSettings(prefetch=BOUND, reader=self.READER)
        bus = broker_bus(settings, self.url, Telemetry())
        self._publishers.append(bus.publisher)
        return bus.source

    def publish(self, *events):
        self._publishers[0].publish(events, timeout=PATIENCE)

    async def record(self, envelopes):
        """Nothing: the broker keeps the event until it is acked."""

    async def until_set_aside(self, count):
        """Wait until so many messages are in the quarantine."""
        with Connection(self.url) as connection:
            queue = Queue(QUARANTINE_QUEUE)(connection)
            await until(lambda: queue.queue_declare(passive=True)[1] == count)

    def close(self):
        for publisher in self._publishers:
            publisher.close()


class PlainBrokerSide(BrokerSide):
    """RabbitMQ, read by py-amqp alone."""

    READER = "plain"


class NotificationSide(BrokerSide):
    """RabbitMQ with a service that emits notifications, heard beside the bus."""

    TOPIC = "notifications.info"
    EXCHANGE = "openstack"
    HEARD = NotificationSettings(topics=("notifications.*",))

    def __init__(self, url):
        super().__init__(url)
        with Connection(url) as connection:
            channel = connection.channel()
            channel.exchange_declare(self.EXCHANGE, "topic", auto_delete=False)
            declare_notifications(
                connection,
                queue=self.HEARD.queue,
                queue_type="quorum",
                exchange=self.EXCHANGE,
                topics=self.HEARD.topics,
            )

    def open(self):
        """Return a source, as a process that has just started has it."""
        bus = broker_bus(BusSettings(), self.url, Telemetry())
        self._publishers.append(bus.publisher)
        settings = Settings(
            bus=BusSettings(url=self.url, prefetch=BOUND), notifications=self.HEARD
        )
        return hearing(bus, settings, Telemetry()).source

    def publish(self, *events):
        """Publish as oslo.messaging's driver ``messagingv2`` does."""
        confirmed = {"confirm_publish": True}
        with Connection(self.url, transport_options=confirmed) as connection:
            producer = connection.Producer()
            for event in events:
                text = json.dumps(wire.to_notification(event))
                message = {"oslo.version": "2.0", "oslo.message": text}
                producer.publish(
                    message, exchange=self.EXCHANGE, routing_key=self.TOPIC
                )


@asynccontextmanager
async def consuming(side):
    """Run a new source; yield it with its sink; then end it as a bridge does."""
    source, taken = side.open(), Taken(side.record)
    running = asyncio.create_task(source.run(taken))
    await until(lambda: source.is_consuming)
    try:
        yield source, taken
    finally:
        await source.stop()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await source.close()


def envelope_of(event):
    """Return an event as it comes off any bus."""
    return Envelope(event, wire.encode_body(event), wire.routing_key(event))
