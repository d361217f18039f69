# SPDX-License-Identifier: Apache-2.0
"""A bridge behind each way of calling, with a receiver that may refuse."""

import contextlib
import itertools
from datetime import timedelta

from bridge.client import BridgeClient
from bridge.embedded import EmbeddedBridge
from bridge.settings import (
    ApiSettings,
    BusSettings,
    CallbackSettings,
    DatabaseSettings,
    DeliverySettings,
    SecretSettings,
    Settings,
)
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.http import HttpPublisher
from tests.bridges import wait_until_ready
from tests.gatekeeper import Gatekeeper

_numbers = itertools.count(1)


class Calling:
    """One bridge and one caller to it.

    Attributes:
        caller: The publisher that is tried.
        keeper: The receiver of all its listeners.
    """

    def __init__(self, bridge, caller, keeper):
        self.caller = caller
        self.keeper = keeper
        self._client = BridgeClient(bridge.url)

    def listen(self, workbook, path, *, mode="call", **members):
        """Register a listener that is answered at a path of the receiver."""
        callback = {"url": self.keeper.url(path), "mode": mode, **members}
        return self._client.listeners.add(
            {
                "name": f"{workbook} {path}",
                "workbook": workbook,
                "events": ["TASK"],
                "callback": callback,
                "retry": {"delays_seconds": [3600]},
            }
        )

    def deliveries(self, event):
        """Return how an event's deliveries stand."""
        return list(self._client.deliveries.find(event=event.id))

    def attempts(self, delivery):
        """Return the attempts of a delivery."""
        return self._client.deliveries.get(delivery["id"])["attempts"]

    def close(self):
        self._client.close()


def a_workbook():
    """Return a name that no other test uses."""
    return f"orders-{next(_numbers)}"


def a_start(workbook):
    return Event.new("task.started", execution="e1", task="charge", workbook=workbook)


@contextlib.contextmanager
def calling(way, folder, amqp_url=None):
    """Yield a `Calling` for ``amqp``, ``http`` or ``memory``."""
    settings = Settings(
        api=ApiSettings(port=0),
        bus=BusSettings(url=amqp_url),
        callbacks=CallbackSettings(allow_loopback=True),
        database=DatabaseSettings(f"sqlite:///{folder / 'bridge.sqlite3'}"),
        delivery=DeliverySettings(grace=timedelta(seconds=0.2)),
        secrets=SecretSettings(key_file=folder / "bridge.key"),
    )
    with Gatekeeper() as keeper, EmbeddedBridge(settings) as bridge:
        wait_until_ready(bridge.url)
        match way:
            case "amqp":
                caller = AmqpPublisher(amqp_url)
            case "http":
                caller = HttpPublisher(bridge.url)
            case "memory":
                caller = bridge.publisher
        held = Calling(bridge, caller, keeper)
        try:
            yield held
        finally:
            held.close()
            if way != "memory":
                caller.close()
