# SPDX-License-Identifier: Apache-2.0
"""The real API, served by a real uvicorn, over a real database and a bus in memory."""

import asyncio
import socket
import threading
from datetime import UTC, datetime, timedelta

import uvicorn

from bridge.api.app import Parts, build
from bridge.api.rates import Rates
from bridge.api.signing_in import SignIn
from bridge.callbacks.guard import Guard
from bridge.callbacks.http import HttpCallback
from bridge.callbacks.recording import RecordingCallback
from bridge.conditions.parse import parse
from bridge.feed import Feed
from bridge.issuer import Issuer
from bridge.model import Envelope
from bridge.page.front import Front
from bridge.pulse import Pulse, Totals
from bridge.registrar import Registrar
from bridge.service.judging import Judge
from bridge.service.ping import pinger
from bridge.store import schema, tables
from bridge.store.clock import Clock
from bridge.store.database import Database
from bridge.store.deliveries import DeliveryStore
from bridge.store.events import EventStore
from bridge.store.glance import GlanceStore
from bridge.store.journal import Journal
from bridge.store.lanes import LaneStore
from bridge.store.listeners import ListenerStore
from bridge.store.quarantine import QuarantineStore
from bridge.store.replays import ReplayStore
from bridge.store.tokens import TokenStore
from bridge.store.vault import Vault
from bridge.store.workbooks import WorkbookStore
from bridge.workbook.workbooks import Workbooks
from notifier.publishers.memory import MemoryPublisher

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER_KEY = "Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmE="
PATIENCE = timedelta(seconds=10)


def parts_for(
    database,
    loop,
    *,
    health=list,
    wake=lambda: None,
    signs_in=False,
    pulse=None,
    most_listeners=None,
    events_per_second=None,
):
    """Put an API's parts together: webhooks by HTTP, and a recording in AMQP's place."""
    listeners = ListenerStore(database, Vault(KEY), most_listeners)
    quarantine = QuarantineStore(database)
    tokens, now = TokenStore(database), Clock(database).now
    callbacks = {
        "http": HttpCallback(loop, Guard(allow_loopback=True), threads=2),
        "amqp": RecordingCallback(loop),
    }
    registrar = Registrar(listeners, callbacks, parse, lambda: None)
    return Parts(
        sign_in=SignIn(tokens, now) if signs_in else None,
        issuer=Issuer(tokens, now),
        rates=Rates(events_per_second),
        token_store=tokens,
        lane_store=LaneStore(database),
        quarantine_store=quarantine,
        requeue=quarantine.queue_event,
        glance=GlanceStore(database),
        sealing=Vault(KEY),
        pulse=Pulse(Totals, now) if pulse is None else pulse,
        registrar=registrar,
        workbooks=Workbooks(WorkbookStore(database, Vault(KEY)), registrar),
        listener_store=listeners,
        event_store=EventStore(database),
        delivery_store=DeliveryStore(database),
        replay_store=ReplayStore(database, "the test"),
        publisher=MemoryPublisher(),
        feed=Feed(),
        judge=Judge(),
        ping=pinger(callbacks),
        wake=wake,
        now=now,
        health=health,
        metrics=_metrics,
    ), callbacks


class ServedApi:
    """A context manager; between enter and exit the API answers on `url`.

    Attributes:
        journal: Of a bridge on the same database.
        reasons: Why the bridge is not ready; to be filled by a test.
        woken: Set once the scheduler is to look.
        parts: As `build` was given them.
    """

    def __init__(self, database_url, **members):
        self._members = members
        self.database = Database(database_url)
        schema.migrate(self.database)
        self.journal = Journal(self.database, "the test")
        self.reasons = []
        self.woken = threading.Event()
        # asyncio sends small answers at once (TCP_NODELAY) if it is told that it is TCP.
        self._listening = socket.socket(proto=socket.IPPROTO_TCP)
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen()
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self):
        self._thread.start()
        if not self._started.wait(PATIENCE.total_seconds()):
            raise TimeoutError("the API did not start")
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.parts.feed.close)
        self._server.should_exit = True
        self._thread.join()
        self.database.close()

    def empty(self):
        """Forget all that is stored."""
        with self.database.write() as connection:
            for table in tables.metadata.tables.values():
                if table is not tables.counters:
                    connection.execute(table.delete())

    def offer(self, *envelopes):
        """Let the watchers see events, all in one turn of the loop."""

        def offer():
            for envelope in envelopes:
                self.parts.feed.offer(envelope)

        self.loop.call_soon_threadsafe(offer)

    async def _serve(self):
        self.loop = asyncio.get_running_loop()
        self.parts, callbacks = parts_for(
            self.database,
            self.loop,
            health=lambda: self.reasons,
            wake=self.woken.set,
            **self._members,
        )
        self.parts.publisher.bind("#", self._keep)
        config = uvicorn.Config(
            Front(build(self.parts), self.parts),
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self.loop.call_soon(self._started.set)
        await self._server.serve([self._listening])
        self.parts.judge.close()
        for callback in callbacks.values():
            callback.close()

    def _keep(self, published):
        self.parts.event_store.accept(
            [Envelope(e, m.body, m.routing_key) for e, m in published],
            datetime.now(UTC),
        )


async def _metrics():
    return b"# metrics\n"
