# SPDX-License-Identifier: Apache-2.0
"""One bridge: built from settings, run until it is told to stop, drained."""

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import uvloop

from bridge import logs
from bridge.api.app import build
from bridge.api.parts import Parts
from bridge.callbacks.amqp import AmqpCallback
from bridge.callbacks.callback import Callback
from bridge.callbacks.guard import Guard
from bridge.callbacks.http import HttpCallback
from bridge.conditions.parse import parse
from bridge.delivery.terms import Patience
from bridge.feed import Feed
from bridge.registrar import Registrar
from bridge.service.bus import Bus, broker_bus, memory_bus
from bridge.service.ping import pinger
from bridge.service.stores import Stores, open_stores
from bridge.service.web import Web, bind
from bridge.service.worker import Supplies, Worker, refresher
from bridge.settings import Settings
from bridge.telemetry import Telemetry
from notifier.publishers.publisher import Publisher

REFRESH_LIMIT: Final = timedelta(seconds=2)

Announce = Callable[[str], None]


class Service:
    """One bridge.

    Args:
        settings: All it needs to know.
        announce: Told, in a few lines for people, what it does.

    Attributes:
        url: Of the API, once it is started.
        publisher: The bus that it consumes, once it is started; any thread.
    """

    def __init__(self, settings: Settings, announce: Announce) -> None:
        self._settings = settings
        self._announce = announce
        self.url = ""
        self.publisher: Publisher | None = None

    async def run(self, stop: asyncio.Event, started: Callable[[], None]) -> None:
        """Run until `stop` is set, then drain.

        Raises:
            SettingsError: Something is wrong with the settings.
            StoreError: The database did not answer at the start.
        """
        api = self._settings.api
        with (
            bind(api.host, api.port) as listening,
            open_stores(self._settings) as stores,
        ):
            await self._run(stores, listening, stop, started)

    async def _run(
        self,
        stores: Stores,
        listening: socket.socket,
        stop: asyncio.Event,
        started: Callable[[], None],
    ) -> None:
        ground = self._ground(stores)
        worker = Worker(self._supplies(ground))
        app = build(self._parts(ground, worker))
        web = Web(app, listening, self._settings.delivery.grace)
        await worker.start()
        await web.start()
        self.publisher = ground.bus.publisher
        self.url = _url(listening)
        self._tell(ground, len(worker.router))
        started()
        await stop.wait()
        self._announce("stopping: attempts under way may end")
        ground.feed.close()
        await web.stop()
        await worker.drain(self._settings.delivery.grace)
        ground.bus.publisher.close()

    def _ground(self, stores: Stores) -> "_Ground":
        telemetry = Telemetry()
        bus = self._bus(stores, telemetry)
        return _Ground(stores, bus, self._callbacks(bus), telemetry, Feed())

    def _bus(self, stores: Stores, telemetry: Telemetry) -> Bus:
        settings = self._settings.bus
        if settings.url is None:
            return memory_bus(stores.events, stores.executor)
        return broker_bus(settings, settings.url, telemetry)

    def _callbacks(self, bus: Bus) -> Mapping[str, Callback]:
        settings = self._settings.callbacks
        loop = asyncio.get_running_loop()
        guard = Guard(settings.allow_addresses, settings.allow_loopback)
        return {
            "http": HttpCallback(loop, guard, threads=settings.threads),
            "amqp": AmqpCallback(
                loop,
                bus.sender,
                exchanges=frozenset(settings.amqp_exchanges),
                own_exchange=self._settings.bus.exchange,
            ),
        }

    def _supplies(self, ground: "_Ground") -> Supplies:
        delivery = self._settings.delivery
        return Supplies(
            source=ground.bus.source,
            journal=ground.stores.journal,
            clock=ground.stores.clock,
            listeners=ground.stores.listeners,
            callbacks=ground.callbacks,
            telemetry=ground.telemetry,
            feed=ground.feed,
            executor=ground.stores.executor,
            patience=Patience(delivery.park_after, delivery.wait),
        )

    def _parts(self, ground: "_Ground", worker: Worker) -> Parts:
        stores = ground.stores
        loop = asyncio.get_running_loop()
        refresh = refresher(worker.router, loop, REFRESH_LIMIT)

        def wake() -> None:
            loop.call_soon_threadsafe(worker.wake)

        return Parts(
            registrar=Registrar(stores.listeners, ground.callbacks, parse, refresh),
            listener_store=stores.listeners,
            event_store=stores.events,
            delivery_store=stores.deliveries,
            publisher=ground.bus.publisher,
            feed=ground.feed,
            ping=pinger(ground.callbacks),
            wake=wake,
            now=stores.clock.now,
            health=worker.health,
            metrics=ground.telemetry.render,
            publish_timeout=self._settings.bus.timeout,
        )

    def _tell(self, ground: "_Ground", listeners: int) -> None:
        self._announce(f"database: {ground.stores.name}")
        self._announce(f"bus: {ground.bus.name}")
        self._announce(f"API: {self.url} (description at {self.url}/docs)")
        if self._settings.callbacks.allow_loopback:
            self._announce(
                "callbacks: loopback addresses are allowed, since the API has no "
                "sign-in and listens on loopback only"
            )
        self._announce(f"listeners: {listeners}")


@dataclass(frozen=True, slots=True)
class _Ground:
    """What worker and API both stand on."""

    stores: Stores
    bus: Bus
    callbacks: Mapping[str, Callback]
    telemetry: Telemetry
    feed: Feed


def serve(settings: Settings, *, announce: Announce) -> int:
    """Run one bridge until SIGTERM or SIGINT; return the exit status.

    Raises:
        BridgeError: It could not start.
    """
    logs.set_up(settings.log.level, settings.log.format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Service(settings, announce)))
    return 0


async def _serve(service: Service) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await service.run(stop, started=lambda: None)


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
