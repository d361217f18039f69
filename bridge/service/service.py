# SPDX-License-Identifier: Apache-2.0
"""One bridge: built from settings, run until it is told to stop, drained."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from starlette.types import ASGIApp

from bridge.api.app import build
from bridge.api.parts import Parts
from bridge.api.rates import Rates
from bridge.conditions.parse import parse
from bridge.delivery.retention import Retention, Terms
from bridge.delivery.terms import Patience
from bridge.feed import Feed
from bridge.intake.care import Care
from bridge.intake.window import Window
from bridge.issuer import Issuer
from bridge.page.front import Front
from bridge.pulse import Pulse
from bridge.registrar import Registrar
from bridge.service.bus import Bus, broker_bus, memory_bus
from bridge.service.callbacks import Callbacks
from bridge.service.judging import Judge
from bridge.service.modes import WHOLE, Modes
from bridge.service.notifications import hearing
from bridge.service.ping import pinger
from bridge.service.place import Place
from bridge.service.quarantine import Shelf, shelf_of
from bridge.service.reload import change
from bridge.service.siblings import Siblings
from bridge.service.signing_in import HOW, sign_in
from bridge.service.standby import Standby
from bridge.service.stores import Stores, open_stores
from bridge.service.supplies import Supplies
from bridge.service.tracing import Tracing
from bridge.service.web import Web, bind, url_of
from bridge.service.worker import Worker
from bridge.settings import Settings
from bridge.telemetry import Telemetry
from bridge.workbook.workbooks import Workbooks
from notifier.publishers.publisher import Publisher

Announce = Callable[[str], None]

_log = logging.getLogger(__name__)


class Service:
    """One bridge.

    Args:
        settings: All it needs to know.
        announce: Told, in a few lines for people, what it does.
        modes: Which parts of it run here. Default: all.
        place: Its place among several of one program. Default: it is alone.

    Attributes:
        settings: As it runs now.
        url: Of the API, once it is started.
        publisher: The bus that it consumes, once it is started; any thread.
    """

    def __init__(
        self,
        settings: Settings,
        announce: Announce,
        modes: Modes = WHOLE,
        place: Place | None = None,
    ) -> None:
        self.settings = settings
        self._place = place
        self._announce = announce
        self._modes = modes
        self._ground: _Ground | None = None
        self.url = ""
        self.publisher: Publisher | None = None

    async def run(self, stop: asyncio.Event, started: Callable[[], None]) -> None:
        """Run until `stop` is set, then drain.

        Raises:
            SettingsError: Something is wrong with the settings.
            StoreError: The database did not answer at the start.
        """
        self._modes.check(self.settings)
        api = self.settings.api
        place = self._place
        with (
            bind(api.host, api.port)
            if place is None
            else nullcontext(place.listening) as listening,
            open_stores(self.settings) as stores,
        ):
            await self._run(stores, listening, stop, started)

    def follow(self, wanted: Settings) -> None:
        """Take over changed settings, as far as that can be done; on the event loop."""
        found = change(self.settings, wanted)
        self.settings = found.settings
        if self._ground is not None:
            kept = found.settings
            self._ground.callbacks.follow(kept.callbacks)
            self._ground.worker.adopt(_patience(kept), kept.delivery.disable_after)
        for name in found.left:
            _log.warning("setting needs a restart", extra={"setting": name})
        _log.info("settings reloaded", extra={"changed": ", ".join(found.taken)})

    async def _run(
        self,
        stores: Stores,
        listening: socket.socket,
        stop: asyncio.Event,
        started: Callable[[], None],
    ) -> None:
        self._ground = ground = self._lay(stores)
        web = Web(self._app(ground), listening, self.settings.delivery.grace)
        await ground.worker.start()
        await ground.siblings.start()
        await web.start()
        looking = asyncio.create_task(ground.pulse.run())
        self.publisher = ground.bus.publisher
        self.url = url_of(listening)
        self._tell(ground)
        started()
        await stop.wait()
        self._announce("stopping: attempts under way may end")
        ground.feed.close()
        ground.siblings.close()
        await web.stop()
        looking.cancel()
        ground.judge.close()
        await ground.worker.drain(self.settings.delivery.grace)
        ground.bus.close()

    def _app(self, ground: "_Ground") -> ASGIApp:
        parts = self._parts(ground)
        app = build(parts, probes_only=not self._modes.api)
        return Front(app, parts) if self._modes.api else app

    def _lay(self, stores: Stores) -> "_Ground":
        telemetry, feed = Telemetry(), Feed()
        tracing = Tracing.of(self.settings)
        shelf = shelf_of(stores)
        bus = self._bus(stores, telemetry, shelf)
        callbacks = Callbacks(
            self.settings.callbacks, bus.sender, self.settings.bus.exchange, tracing
        )
        worker: Worker | Standby
        if self._modes.worker:
            supplies = Supplies(
                source=tracing.source(bus.source),
                journal=stores.journal,
                batches=stores.batches,
                clock=stores.clock,
                listeners=stores.listeners,
                callbacks=callbacks.by_type,
                telemetry=telemetry,
                feed=feed,
                lanes=stores.lanes,
                executor=stores.executor,
                disable_after=self.settings.delivery.disable_after,
                publish=lambda event: bus.publisher.publish(
                    [event], timeout=self.settings.bus.timeout
                ),
                patience=_patience(self.settings),
                retention=self._retention(stores),
                window=self._window(stores),
                sequences=stores.sequences,
                care=Care(shelf.suspects, shelf.in_order),
                archive=stores.archive,
                ordered=bus.ordered,
            )
            worker = Worker(supplies)
        else:
            worker = Standby(stores.clock, callbacks.by_type, stores.executor)
        pulse = Pulse(telemetry.totals, stores.clock.now)
        siblings = Siblings.at(self._place, telemetry.render)
        return _Ground(stores, bus, callbacks, siblings, feed, worker, Judge(), pulse)

    def _window(self, stores: Stores) -> Window:
        now, kept = stores.clock.now(), self.settings.bus
        window = Window(kept.duplicate_events, kept.duplicate_span)
        window.recall(
            (key, now - received_at)
            for key, received_at in stores.events.latest(
                kept.duplicate_events, since=now - kept.duplicate_span
            )
        )
        return window

    def _retention(self, stores: Stores) -> Retention:
        kept = self.settings.retention
        return Retention(
            stores.retention,
            stores.listeners,
            terms=Terms(kept.events, kept.dead, kept.execution_listener),
            now=stores.clock.now,
        )

    def _bus(self, stores: Stores, telemetry: Telemetry, shelf: Shelf) -> Bus:
        settings = self.settings.bus
        if settings.url is None:
            bus = memory_bus(stores.events, stores.quarantine, stores.executor)
        else:
            bus = broker_bus(settings, settings.url, telemetry, shelf)
        return hearing(bus, self.settings, telemetry)

    def _parts(self, ground: "_Ground") -> Parts:
        stores, worker = ground.stores, ground.worker
        callbacks = ground.callbacks.by_type
        loop = asyncio.get_running_loop()
        handshake = ground.callbacks.handshake
        registrar = Registrar(
            stores.listeners,
            callbacks,
            parse,
            worker.catch_up,
            None if handshake is None else handshake.ask,
        )

        def wake() -> None:
            loop.call_soon_threadsafe(worker.wake)

        now = stores.clock.now
        return Parts(
            sign_in=sign_in(self.settings.api, stores.tokens, now),
            issuer=Issuer(stores.tokens, now),
            rates=Rates(self.settings.quotas.events_per_second),
            registrar=registrar,
            workbooks=Workbooks(stores.workbooks, registrar),
            listener_store=stores.listeners,
            event_store=stores.events,
            delivery_store=stores.deliveries,
            replay_store=stores.replays,
            token_store=stores.tokens,
            lane_store=stores.lanes,
            quarantine_store=stores.quarantine,
            glance=stores.glance,
            sealing=stores.vault,
            pulse=ground.pulse,
            requeue=ground.bus.requeue,
            publisher=ground.bus.publisher,
            feed=ground.feed if self._modes.worker else None,
            judge=ground.judge,
            ping=pinger(callbacks),
            wake=wake,
            now=now,
            health=worker.health,
            metrics=ground.siblings.metrics,
            publish_timeout=self.settings.bus.timeout,
        )

    def _tell(self, ground: "_Ground") -> None:
        self._announce(f"database: {ground.stores.name}")
        self._announce(f"bus: {ground.bus.name}")
        if self._modes.api:
            self._announce(f"API: {self.url} (description at {self.url}/docs)")
            self._announce(f"page: {self.url}/ (in a browser)")
        else:
            self._announce(f"API: none here; health and metrics at {self.url}")
        if self.settings.api.auth != "none":
            self._announce(HOW[self.settings.api.auth])
        if self.settings.callbacks.allow_loopback:
            self._announce(f"callbacks: loopback addresses are allowed{self._why()}")
        if self._modes.worker:
            self._announce(f"listeners: {ground.worker.listeners}")
        else:
            self._announce("worker: none here; other bridges deliver")

    def _why(self) -> str:
        if self.settings.api.auth == "none":
            return ", since the API has no sign-in and listens on loopback only"
        return ""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What there is of a bridge beside its API."""

    stores: Stores
    bus: Bus
    callbacks: Callbacks
    siblings: Siblings
    feed: Feed
    worker: Worker | Standby
    judge: Judge
    pulse: Pulse


def _patience(settings: Settings) -> Patience:
    return Patience(settings.delivery.park_after, settings.delivery.wait)
