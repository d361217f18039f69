# SPDX-License-Identifier: Apache-2.0
"""Chooses the bus: RabbitMQ where its URL is set, else the one within this process."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any

from bridge.callbacks.amqp import Sender
from bridge.errors import SettingsError
from bridge.intake.broker import BrokerSource
from bridge.intake.inbox import Inbox
from bridge.intake.ordering import OrderedQueue
from bridge.intake.readers import READERS
from bridge.intake.source import Source
from bridge.intake.sources import Sources, nothing
from bridge.model import Quarantined
from bridge.service.acceptance import Acceptance
from bridge.service.connecting import connect, dial
from bridge.service.order import ordered_queue
from bridge.service.quarantine import Shelf, keeper, requeuer, shelving
from bridge.service.replies import Replies
from bridge.settings import BusSettings
from bridge.store.events import EventStore
from bridge.store.quarantine import QuarantineStore
from bridge.telemetry import Telemetry
from notifier import errors, topology
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.caller import CallingPublisher
from notifier.publishers.failures import FAILURES, describe
from notifier.publishers.memory import MemoryPublisher
from notifier.settings import masked


@dataclass(frozen=True, slots=True)
class Bus:
    """Both ends of a bus.

    Attributes:
        sender: Publishes to any exchange; None without a broker.
        requeue: Lets a message that was set aside be handled once more.
        name: For people; holds no password.
        replies: How those are answered who wait; None within this process.
        ordered: What events are put in order from; None: they come in order.
    """

    source: Source
    publisher: CallingPublisher
    sender: Sender | None
    name: str
    requeue: Callable[[Quarantined], None]
    replies: Replies | None = None
    ordered: OrderedQueue | None = None

    def close(self) -> None:
        """Let go of it; what waits to be replied is dropped. Blocks shortly."""
        if self.replies is not None:
            self.replies.close()
        self.publisher.close()


def memory_bus(
    store: EventStore, quarantine: QuarantineStore, executor: Executor
) -> Bus:
    """Return the bus within this process; the events' table is its queue.

    To be called on the event loop that it shall wake.
    """
    publisher = MemoryPublisher()
    inbox = Inbox(store, quarantine, executor)
    acceptance = Acceptance(store, inbox, publisher.reply)
    publisher.bind("#", acceptance.accept)
    name = "in-process (set AMQP_URL to use RabbitMQ)"
    return Bus(inbox, publisher, None, name, quarantine.queue_event)


def broker_bus(
    settings: BusSettings,
    url: str,
    telemetry: Telemetry,
    shelf: Shelf | None = None,
) -> Bus:
    """Return the bus on RabbitMQ; nothing is connected yet.

    Args:
        settings: Of the bus.
        url: Of its brokers.
        telemetry: Counts what is set aside.
        shelf: Where that is kept; None: in the broker's queue.

    Raises:
        SettingsError: URL and settings do not go together.
    """
    publisher = _events_publisher(settings, url)
    replies = Replies(publisher)
    source: Source = BrokerSource(
        partial(
            connect,
            cycle(url.split(";")),
            settings.tls,
            partial(_declare, settings),
        ),
        queue=settings.bridge_queue,
        prefetch=settings.prefetch,
        set_aside=keeper(publisher, settings.timeout, telemetry),
        reply=replies.reply,
        reader=READERS[settings.reader],
        suspects=None if shelf is None else shelf.suspects,
    )
    if shelf is not None:
        again = partial(connect, cycle(url.split(";")), settings.tls)
        beside = shelving(again, shelf, READERS[settings.reader])
        source = Sources(source, [beside], nothing)
    name = f"RabbitMQ {masked(url)}, queue {settings.bridge_queue}"
    requeue = requeuer(publisher, settings.timeout)
    return Bus(
        source,
        publisher,
        publisher,
        name,
        requeue,
        replies,
        ordered_queue(
            settings, url, publisher, None if shelf is None else shelf.in_order
        ),
    )


def _declare(settings: BusSettings, connection: Any) -> None:  # noqa: ANN401 - py-amqp has no types
    topology.declare(
        connection,
        exchange=settings.exchange,
        bridge_queue=settings.bridge_queue,
        queue_type=settings.queue_type,
    )
    if settings.history == "stream":
        topology.declare_history(
            connection, exchange=settings.exchange, days=settings.history_days
        )


def trouble(settings: BusSettings, url: str) -> str | None:
    """Tell why no broker of a URL can be used; None: one can. Blocks; changes nothing.

    Raises:
        SettingsError: URL and settings do not go together.
    """
    _events_publisher(settings, url).close()
    reason = None
    for one in url.split(";"):
        try:
            dial(one, settings.tls).close()
        except FAILURES as err:
            reason = describe(err)
        else:
            return None
    return reason


def publisher_to(url: str, **options: Any) -> AmqpPublisher:  # noqa: ANN401 - as of `AmqpPublisher`
    """Return a publisher to a broker; nothing is connected yet.

    Raises:
        SettingsError: URL and options do not go together.
    """
    try:
        return AmqpPublisher(url, **options)
    except errors.SettingsError as err:
        raise SettingsError(str(err)) from err


def _events_publisher(settings: BusSettings, url: str) -> AmqpPublisher:
    return publisher_to(
        url,
        tls=settings.tls,
        exchange=settings.exchange,
        bridge_queue=settings.bridge_queue,
        queue_type=settings.queue_type,
    )
