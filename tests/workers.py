# SPDX-License-Identifier: Apache-2.0
"""A worker on a real database, fed by hand; a recording callback tells nobody."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from bridge.callbacks.recording import RecordingCallback, succeed
from bridge.delivery.retention import Retention, Terms
from bridge.delivery.terms import Patience
from bridge.errors import NotFound
from bridge.feed import Feed
from bridge.intake.care import Care
from bridge.intake.source import Received
from bridge.intake.suspects import Suspects
from bridge.intake.window import Window
from bridge.model import OutcomeKind, State, delivery_id
from bridge.service.supplies import Supplies
from bridge.service.worker import Worker
from bridge.store.clock import Clock
from bridge.store.lanes import LaneStore
from bridge.store.retention import RetentionStore
from bridge.store.suspects import SuspectStore
from bridge.telemetry import Telemetry
from tests.loops import until

FAILED, GONE, SUCCEEDED = (
    OutcomeKind.FAILED,
    OutcomeKind.GONE,
    OutcomeKind.SUCCEEDED,
)
MOMENT = timedelta(milliseconds=20)
LONG = timedelta(minutes=5)
DAYS = timedelta(days=5)
IMPATIENT = Patience(attempt=timedelta(milliseconds=60), line=MOMENT)
PATIENT = Patience(attempt=LONG, line=LONG)


def wait_for_settle(_):
    """Let a call wait until the test settles it."""


class HandSource:
    """The `Source` whose events a test hands on; notes what became of them."""

    def __init__(self):
        self.is_consuming = False
        self.settled = []
        self.rejected = {}
        self._sink = None
        self._stopped = asyncio.Event()

    async def run(self, sink):
        self._sink = sink
        self.is_consuming = True
        await self._stopped.wait()

    async def stop(self):
        self.is_consuming = False
        self._stopped.set()

    async def close(self):
        pass

    def hand(self, envelope, *, is_repeat=False, question=None):
        """Hand on an event."""
        received = self.received(envelope, is_repeat=is_repeat, question=question)
        self._sink(received)

    def received(self, envelope, *, is_repeat=False, question=None):
        """Return an event as it is handed on."""

        def settle():
            self.settled.append(envelope.event.id)

        def reject(reason):
            self.rejected[envelope.event.id] = reason

        return Received(envelope, is_repeat, settle, reject, question)


class RunningWorker:
    """A worker between the start and the end of an ``async with``.

    Args:
        stores: Of the database it works on.
        answer: See `RecordingCallback`.
        patience: See `Patience`. Default: nothing is ever parked for taking long.
        owner: Names the bridge.
        clock: Default: the database's own.

    Attributes:
        source: Hands it events.
        callback: What it told listeners of type ``http``.
        published: What it told of itself.
        telemetry: What it told its operators.
        worker: The real one.
    """

    def __init__(
        self,
        stores,
        answer=succeed,
        *,
        patience=PATIENT,
        owner="bridge 1",
        clock=None,
        disable_after=DAYS,
    ):
        clock = Clock(stores.database) if clock is None else clock
        self.stores = stores
        self.source = HandSource()
        self.callback = RecordingCallback(asyncio.get_running_loop(), answer)
        self.telemetry = Telemetry()
        self._executor = ThreadPoolExecutor(1)
        self._is_drained = False
        marks = SuspectStore(stores.database, owner)
        suspects = partial(Suspects, marks, self._executor, clock.now)
        self.published = []
        self.worker = Worker(
            Supplies(
                source=self.source,
                journal=stores.journal(owner),
                batches=stores.batches(owner),
                clock=clock,
                listeners=stores.listeners,
                callbacks={"http": self.callback},
                telemetry=self.telemetry,
                feed=Feed(),
                lanes=LaneStore(stores.database),
                executor=self._executor,
                patience=patience,
                disable_after=disable_after,
                publish=self.published.append,
                retention=Retention(
                    RetentionStore(stores.database),
                    stores.listeners,
                    terms=Terms(),
                    now=clock.now,
                ),
                window=Window(),
                sequences=stores.sequences,
                care=Care(suspects(), suspects(in_order=True)),
                archive=stores.archive(owner),
            )
        )

    async def __aenter__(self):
        await self.worker.start()
        await until(lambda: self.source.is_consuming)
        return self

    async def __aexit__(self, *_):
        await self.drain()
        self._executor.shutdown()

    @property
    def told(self):
        """Ids of the events that were told, call by call."""
        return [call.envelope.event.id for call in self.callback.calls]

    @property
    def settled(self):
        """Ids of the events that were settled, in that order."""
        return self.source.settled

    async def hand(self, *envelopes, is_repeat=False):
        """Hand events on and wait until they are settled."""
        count = len(self.settled) + len(envelopes)
        for envelope in envelopes:
            self.source.hand(envelope, is_repeat=is_repeat)
        await until(lambda: len(self.settled) >= count)

    async def calls(self, count):
        """Wait until there were so many calls and return all there are."""
        await until(lambda: len(self.callback.calls) >= count)
        return self.callback.calls

    async def ended(self, envelope, listener, state, *, attempts=None):
        """Wait until a delivery stands so and return it with its attempts."""

        def look():
            found = standing(self.stores, envelope, listener)
            if found is None or found[0].state is not state:
                return None
            return found if attempts in (None, found[0].attempts) else None

        return await until(look)

    async def crash(self):
        """End as by SIGKILL: nothing more is taken, renewed or recorded."""
        self._is_drained = True
        tasks = list(self.worker._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def drain(self, grace=timedelta()):
        """End the worker, once."""
        if not self._is_drained:
            self._is_drained = True
            await self.worker.drain(grace)


def standing(stores, envelope, listener):
    """Return a delivery as it is recorded, with its attempts; None: it is not."""
    event = envelope.event
    try:
        return stores.deliveries.get(
            None, delivery_id(event.source, event.id, listener.id)
        )
    except NotFound:
        return None


def states(stores, listener):
    """Return how many deliveries of a listener stand in which state."""
    counts = dict.fromkeys(State, 0)
    for one in stores.deliveries.find(limit=1000, listener_id=listener.id):
        counts[one.state] += 1
    return {state: count for state, count in counts.items() if count}
