# SPDX-License-Identifier: Apache-2.0
"""Hears services that emit notifications through oslo.messaging, beside the bus.

Each exchange has a connection of its own, all with one queue: one that is not there yet
keeps none of the others waiting.
"""

from dataclasses import replace
from functools import partial
from itertools import cycle

from bridge.errors import SettingsError
from bridge.intake.broker import BrokerSource
from bridge.intake.readers import READERS
from bridge.intake.reading import read_notification
from bridge.intake.sources import Sources
from bridge.service.bus import Bus, publisher_to
from bridge.service.connecting import connect
from bridge.service.quarantine import keeper
from bridge.settings import Settings
from bridge.telemetry import Telemetry
from notifier import topology
from notifier.settings import masked
from notifier.tls import NO_FILES, Tls


def hearing(bus: Bus, settings: Settings, telemetry: Telemetry) -> Bus:
    """Return a bus on which services are heard too, if any shall be.

    Raises:
        SettingsError: There is no broker that they could be heard on.
    """
    heard = settings.notifications
    if not heard.topics:
        return bus
    url, tls = broker_of(settings)
    # What is no notification is set aside where it came from.
    publisher = publisher_to(url, tls=tls, bridge_queue=None)
    beside = [
        BrokerSource(
            partial(
                connect,
                cycle(url.split(";")),
                tls,
                partial(
                    topology.declare_notifications,
                    queue=heard.queue,
                    queue_type=settings.bus.queue_type,
                    exchange=exchange,
                    topics=heard.topics,
                ),
            ),
            queue=heard.queue,
            prefetch=settings.bus.prefetch,
            set_aside=keeper(publisher, settings.bus.timeout, telemetry),
            read=read_notification,
            reader=READERS[settings.bus.reader],
        )
        for exchange in heard.exchanges
    ]
    topics, exchanges = ", ".join(heard.topics), ", ".join(heard.exchanges)
    where = f"{masked(url)}, queue {heard.queue}"
    return replace(
        bus,
        source=Sources(bus.source, beside, publisher.close),
        name=f"{bus.name}; notifications {topics} of {exchanges} on {where}",
    )


def broker_of(settings: Settings) -> tuple[str, Tls]:
    """Return where services are heard: on the bus, unless they have a broker.

    Raises:
        SettingsError: There is neither.
    """
    url = settings.notifications.url or settings.bus.url
    if url is None:
        raise SettingsError(
            "[notifications] topics need a broker: set [notifications] url, or AMQP_URL"
        )
    return url, settings.bus.tls if url.startswith("amqps") else NO_FILES
