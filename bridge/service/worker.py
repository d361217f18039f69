# SPDX-License-Identifier: Apache-2.0
"""What carries events to callbacks, put together: its start, its health, its end.

Lives on the event loop.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from bridge.conditions.evaluator import Evaluator
from bridge.delivery.batcher import Batcher
from bridge.delivery.dispatcher import Dispatcher
from bridge.delivery.flight import Flight
from bridge.delivery.recorder import Recorder
from bridge.delivery.scheduler import Scheduler
from bridge.delivery.standings import Standings
from bridge.delivery.terms import Patience, Reports
from bridge.errors import StoreError
from bridge.intake.intake import TICK_SECONDS, Intake
from bridge.intake.ordering import Ordering
from bridge.model import Call, Delivery, Envelope, Listener, Outcome
from bridge.replay.course import Surroundings
from bridge.replay.replayer import Replayer
from bridge.routing.router import Router
from bridge.service.shutoff import Shutoff
from bridge.service.supplies import Supplies

SYNCHRONISE_SECONDS: Final = 10.0
CATCH_UP_SECONDS: Final = 2.0
"""So long at most is waited for the index after a listener has changed."""

LAST_WRITE_SECONDS: Final = 5.0
"""At the end, the database has so long to take what is known."""

_log = logging.getLogger(__name__)


class Worker:
    """Intake, routing and delivery of one bridge."""

    def __init__(self, supplies: Supplies) -> None:
        self._supplies = supplies
        self._evaluator = Evaluator()
        self.router: Final = Router(
            supplies.listeners, self._evaluator, supplies.telemetry.judged
        )
        self._recorder = Recorder(
            supplies.journal,
            supplies.executor,
            on_health=self._on_health,
            on_unwritable=supplies.telemetry.unwritable,
        )
        reports = Reports(
            attempted=self._attempted,
            gone=self._gone,
            parked=self.wake,
            batched=self._batched,
        )
        self._dispatcher = Dispatcher(
            supplies.callbacks,
            self._recorder,
            reports=reports,
            patience=supplies.patience,
            now=supplies.clock.now,
        )
        self._batcher = Batcher(
            supplies.batches,
            supplies.executor,
            dispatcher=self._dispatcher,
            listener=self.router.listener,
            now=supplies.clock.now,
            on_due=self.wake,
        )
        self._standings = Standings(
            supplies.lanes,
            supplies.executor,
            lanes=self._dispatcher.lanes,
            listener=self.router.listener,
            hopeless=self._turn_off,
            now=supplies.clock.now,
            borne=supplies.disable_after,
        )
        self._shutoff = Shutoff(
            supplies.listeners,
            supplies.publish,
            self.router.refresh,
            supplies.clock.now,
        )
        self._scheduler = Scheduler(
            supplies.journal,
            supplies.executor,
            dispatcher=self._dispatcher,
            batches=self._batcher.take,
            listener=self.router.listener,
            now=supplies.clock.now,
        )
        self._intake = Intake(
            self.router,
            self._dispatcher,
            journal=supplies.journal,
            executor=supplies.executor,
            on_taken=self._taken,
            window=supplies.window,
            unsafe=lambda: self._recorder.unsafe,
        )
        self._ordering = Ordering(
            self.router,
            supplies.sequences,
            supplies.ordered,
            care=supplies.care,
            executor=supplies.executor,
            now=supplies.clock.now,
            on_numbered=self.wake,
        )
        self._replayer = Replayer(
            Surroundings(supplies.archive, self.router, self.wake, supplies.clock.now)
        )
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_broken = False
        watch, attempts = supplies.telemetry.watch, self._dispatcher
        watch("in_flight_attempts", "Attempts under way.", lambda: attempts.running)
        watch("open_events", "Events not recorded yet.", lambda: self._intake.open)
        watch(
            "open_breakers",
            "Endpoints that are left alone for a while, or tried by one delivery.",
            lambda: self._dispatcher.lanes.broken,
        )
        watch(
            "open_replays",
            "Replays that this bridge is at.",
            lambda: self._replayer.open,
        )
        watch("listeners", "Enabled listeners.", lambda: len(self.router))
        watch(
            "suspended_conditions",
            "Conditions that are not evaluated, since they overran too often.",
            lambda: self._evaluator.suspended,
        )

    async def start(self) -> None:
        """Learn who listens, then begin.

        Raises:
            StoreError: The database did not answer.
        """
        await asyncio.gather(self.router.refresh(), self._evaluator.warm_up())
        take = self._supplies.care.before(self._intake.take)
        for task in (
            self._supplies.source.run(self._ordering.before(take)),
            self._ordering.run(),
            self._ordering.follow(),
            self.router.follow(),
            self._scheduler.run(),
            self._standings.run(),
            self._shutoff.run(),
            self._tick(),
            self._keep_time(),
            self._supplies.retention.run(),
            self._replayer.run(),
        ):
            self._spawn(task)

    def health(self) -> Sequence[str]:
        """Return why events may not be delivered now; empty: they are."""
        reasons = []
        if not self._supplies.source.is_consuming:
            reasons.append("not consuming from the bus")
        if not (self._recorder.is_healthy and self.router.is_current):
            reasons.append("the database does not answer")
        if not self._evaluator.is_well:
            reasons.append("conditions cannot be evaluated; their events wait")
        if not self._ordering.is_well:
            reasons.append("not consuming from the bus in order")
        if self._is_broken:
            reasons.append("a part of the bridge broke, as its log tells; restart it")
        return reasons

    @property
    def listeners(self) -> int:
        """How many it follows."""
        return len(self.router)

    def adopt(self, patience: Patience, disable_after: timedelta) -> None:
        """Be as patient from now on."""
        self._dispatcher.patience = patience
        self._standings.borne = disable_after

    def catch_up(self) -> None:
        """Bring the index up to date; from another thread, which waits for it."""
        done = asyncio.run_coroutine_threadsafe(self._catch_up(), self._loop)
        try:
            done.result(CATCH_UP_SECONDS)
        except (StoreError, TimeoutError) as err:
            _log.warning("the index follows later", extra={"reason": str(err)})

    def wake(self) -> None:
        """Look for due deliveries at once."""
        self._scheduler.nudge()

    async def drain(self, grace: timedelta) -> None:
        """Take no more, let attempts end within the grace time, record, let go."""
        await self._supplies.source.stop()
        await self._ordering.close()
        self._dispatcher.end()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._dispatcher.quiet(), grace.total_seconds())
        for callback in self._supplies.callbacks.values():
            await asyncio.to_thread(callback.close)
        await self._flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._supplies.care.close()
        await self._supplies.source.close()
        self._evaluator.close()

    async def _catch_up(self) -> None:
        await self.router.refresh()
        await self._ordering.ready()

    async def _flush(self) -> None:
        try:
            await asyncio.wait_for(self._recorder.flush(), LAST_WRITE_SECONDS)
        except TimeoutError:
            _log.error("the database does not take the last outcomes; they repeat")

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._dispatcher.tick()
            self._intake.tick()
            self._supplies.telemetry.flush()

    async def _keep_time(self) -> None:
        loop = asyncio.get_running_loop()
        look = self._supplies.clock.synchronise
        while True:
            await asyncio.sleep(SYNCHRONISE_SECONDS)
            try:
                await loop.run_in_executor(self._supplies.executor, look)
            except StoreError as err:
                _log.warning("cannot ask for the time", extra={"reason": str(err)})

    def _taken(self, envelope: Envelope) -> None:
        self._supplies.telemetry.taken(envelope)
        self._supplies.feed.offer(envelope)

    def _on_health(self, healthy: bool) -> None:  # noqa: FBT001 - the recorder's callback
        if healthy:
            self._dispatcher.proceed()
            self.wake()
        else:
            self._dispatcher.pause()

    def _gone(self, listener: Listener) -> None:
        self._turn_off(listener, "the receiver answered 410 Gone")

    def _turn_off(self, listener: Listener, reason: str) -> None:
        self._spawn(self._shutoff.turn_off(listener, reason))

    def _attempted(self, call: Call, outcome: Outcome, delivery: Delivery) -> None:
        self._supplies.telemetry.attempted(call, outcome, delivery)
        self._standings.note(call, outcome, delivery)

    def _batched(self, flight: Flight) -> None:
        self._batcher.note(flight)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (err := task.exception()) is not None:
            _log.critical("a part of the bridge broke", exc_info=err)
            self._is_broken = True
