# SPDX-License-Identifier: Apache-2.0
"""The second queue on the broker, that one bridge at a time puts events in order from."""

from datetime import datetime
from functools import partial
from itertools import cycle

from bridge.callbacks.amqp import Sender
from bridge.intake.broker import BrokerSource
from bridge.intake.ordering import PROBE, SENT_AT, OrderedQueue
from bridge.intake.suspects import Suspects
from bridge.service.connecting import connect, has_queue
from bridge.settings import BusSettings
from notifier import topology
from notifier.publishers.outgoing import Outgoing


def ordered_queue(
    settings: BusSettings, url: str, sender: Sender, suspects: Suspects | None
) -> OrderedQueue:
    """Return the second queue; nothing is connected yet.

    Args:
        settings: Of the bus.
        url: Of its brokers.
        sender: Publishes to it.
        suspects: In order; None: what kills there is not found out.
    """
    name = f"{settings.bridge_queue}{topology.ORDERED}"
    urls = cycle(url.split(";"))
    declare = partial(
        topology.declare_ordered,
        queue=name,
        queue_type=settings.queue_type,
        exchange=settings.exchange,
    )
    return OrderedQueue(
        source=lambda set_aside: BrokerSource(
            partial(connect, urls, settings.tls, declare),
            queue=name,
            prefetch=settings.prefetch,
            set_aside=set_aside,
            suspects=suspects,
            keeps_order=True,
        ),
        exists=partial(has_queue, urls, settings.tls, name),
        probe=partial(_probe, sender, settings, name),
    )


def _probe(sender: Sender, settings: BusSettings, queue: str, now: datetime) -> None:
    message = Outgoing(
        exchange="",
        routing_key=queue,
        body=b"",
        properties={"type": PROBE},
        headers={SENT_AT: now.isoformat()},
        key=queue,
        id=PROBE,
    )
    sender.send([message], timeout=settings.timeout)
