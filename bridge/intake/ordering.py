# SPDX-License-Identifier: Apache-2.0
"""Has ordered listeners' events put in order, on either bus; lives on the event loop.

Within one process events come in order: each is numbered before the intake has it. On
RabbitMQ several bridges take them from one queue, which shares no order: they are
numbered from a second queue, that one bridge at a time gets. It exists from the first
ordered listener on. Whoever takes an event in records what ordered listeners wait for,
numbered or not; what the second queue never had gets a position once a probe, sent
through that queue, has come back.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from bridge.errors import StoreError
from bridge.intake.broker import SetAside, Stray
from bridge.intake.care import Care
from bridge.intake.sequencer import OrderedRoutes, Sequencer
from bridge.intake.source import Received, Sink, Source
from bridge.store.sequences import SequenceStore
from notifier.errors import NotifierError

PROBE: Final = "bridge.probe"
"""Type of the messages that bridges send through the second queue."""

SENT_AT: Final = "sent-at"
"""Their header: the database's time in ISO 8601."""

LOOK_SECONDS: Final = 0.1
EVERY_SECONDS: Final = 3.0
PATIENCE: Final = timedelta(seconds=2)
"""What has waited longer for its position may never get one from the queue."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OrderedQueue:
    """A queue that one bridge at a time has every event from, in order.

    Attributes:
        source: Makes its source; is told what sets aside what is no event.
        exists: Whether there is such a queue already; blocks, raises NotifierError.
        probe: Sends a probe of this time through it; blocks, raises NotifierError.
    """

    source: Callable[[SetAside], Source]
    exists: Callable[[], bool]
    probe: Callable[[datetime], None]


class Ordering:
    """What puts events in order for one bridge.

    Args:
        router: Answers who is told in order.
        store: Keeps the positions.
        queue: Of a broker; None within this process.
        care: Numbers what a bridge may have died of within this process.
        executor: The recorder's.
        now: The time that all bridges on the database agree on.
        on_numbered: Called when something may be due.
    """

    def __init__(
        self,
        router: OrderedRoutes,
        store: SequenceStore,
        queue: OrderedQueue | None,
        *,
        care: Care,
        executor: Executor,
        now: Callable[[], datetime],
        on_numbered: Callable[[], None],
    ) -> None:
        self._sequencer = Sequencer(
            router, store, executor, now=now, on_numbered=on_numbered
        )
        self._router = router
        self._store = store
        self._queue = queue
        self._care = care
        self._now = now
        self._on_numbered = on_numbered
        self._source = None if queue is None else queue.source(self._on_stray)

    @property
    def is_well(self) -> bool:
        """Whether events are put in order, if any have to be."""
        return (
            self._source is None
            or not self._router.has_ordered
            or self._source.is_consuming
        )

    def before(self, take: Sink) -> Sink:
        """Return what takes in the bus's events, and hands them on to `take`."""
        return take if self._queue is not None else partial(self._number_first, take)

    async def run(self) -> None:
        """Number the second queue's events, from when there is one, until `close`."""
        if self._queue is None or self._source is None:
            return
        if not await self._exists(self._queue):
            await self._until_ordered()
        await self._source.run(self._number)

    async def follow(self) -> None:
        """See to those that nobody else sees to, until cancelled."""
        while True:
            try:
                await self._look()
            except (StoreError, NotifierError) as err:
                _log.warning("cannot put in order", extra={"reason": str(err)})
            await asyncio.sleep(EVERY_SECONDS)

    async def ready(self) -> None:
        """Return once events are put in order."""
        while not self.is_well:  # noqa: ASYNC110 - a moment at most, once
            await asyncio.sleep(LOOK_SECONDS / 10)

    async def close(self) -> None:
        """Let another bridge number what is not yet."""
        if self._source is not None:
            await self._source.stop()
            await self._source.close()

    def _number_first(self, take: Sink, received: Received) -> None:
        if self._router.has_ordered:
            self._care.number(self._sequencer.take, take, received)
        else:
            take(received)

    def _number(self, received: Received) -> None:
        self._sequencer.take(received.envelope, received.settle)

    async def _exists(self, queue: OrderedQueue) -> bool:
        """Ask once whether a former bridge left a queue, which would only grow."""
        while not self._router.has_ordered:
            try:
                return await asyncio.to_thread(queue.exists)
            except NotifierError as err:
                _log.warning("no bus", extra={"reason": str(err)})
                await asyncio.sleep(EVERY_SECONDS)
        return True

    async def _until_ordered(self) -> None:
        while not self._router.has_ordered:  # noqa: ASYNC110 - the index tells nobody
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        now = self._now()
        if await asyncio.to_thread(self._store.go_on, now):
            self._on_numbered()
        overdue = partial(self._store.has_unnumbered, now - PATIENCE)
        if not await asyncio.to_thread(overdue):
            return
        if self._queue is None:
            await self._number_rest(now)
        else:
            await asyncio.to_thread(self._queue.probe, now)

    async def _on_stray(self, stray: Stray) -> None:
        """Take a probe; what else is no event is set aside by who routes it."""
        if stray.properties.get("type") == PROBE:
            await self._number_rest(_sent_at(stray.headers))

    async def _number_rest(self, before: datetime) -> None:
        """Number what the queue never had, now that it has nothing from before."""
        await self._sequencer.catch_up()
        while await asyncio.to_thread(self._store.number_rest, before):
            self._on_numbered()


def _sent_at(headers: Any) -> datetime:  # noqa: ANN401 - anybody's headers
    try:
        return datetime.fromisoformat(str(headers[SENT_AT]))
    except (KeyError, ValueError):
        return datetime.min.replace(tzinfo=UTC)
