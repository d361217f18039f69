# SPDX-License-Identifier: Apache-2.0
"""Gives the events of ordered listeners their positions, in the order they came in.

Lives on the event loop. Nothing is told from here: a delivery that has a position is
told by whichever bridge takes it from the database, when its turn has come.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from bridge.errors import StoreError, Unwritable
from bridge.model import Delivery, Envelope, Listener
from bridge.store.sequences import BATCH, SequenceStore
from notifier.event import Event

PAUSE_SECONDS: Final = 0.5

_log = logging.getLogger(__name__)


class OrderedRoutes(Protocol):
    """Who is to be told in order."""

    @property
    def has_ordered(self) -> bool:
        """Whether anybody is."""

    def match_ordered(
        self, event: Event, matched: Callable[[Sequence[Listener]], None]
    ) -> None:
        """Call `matched` with those that shall hear of an event in its order."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """An event, and who shall hear of it in order; None: that is not known yet."""

    envelope: Envelope
    passed: Callable[[], None]
    listeners: Sequence[Listener] | None = None


class Sequencer:
    """One for each source whose order counts.

    Args:
        router: Answers who is told in order.
        store: Keeps the positions.
        executor: The recorder's.
        now: The time that all bridges on the database agree on.
        on_numbered: Called when something may be due.
    """

    def __init__(
        self,
        router: OrderedRoutes,
        store: SequenceStore,
        executor: Executor,
        *,
        now: Callable[[], datetime],
        on_numbered: Callable[[], None],
    ) -> None:
        self._router = router
        self._store = store
        self._executor = executor
        self._now = now
        self._on_numbered = on_numbered
        self._line: deque[_Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._taken = self._done = 0
        self._moved = asyncio.Event()

    def take(self, envelope: Envelope, passed: Callable[[], None]) -> None:
        """Take in the next event; `passed` is called once its positions are safe."""
        if not self._router.has_ordered:
            passed()
            return
        waiting = _Waiting(envelope, passed)
        self._line.append(waiting)
        self._taken += 1
        matched = partial(self._matched, waiting)
        self._router.match_ordered(envelope.event, matched)

    async def catch_up(self) -> None:
        """Return once all that was taken in so far has its positions."""
        until = self._taken
        while self._done < until:
            await self._moved.wait()

    def _matched(self, waiting: _Waiting, listeners: Sequence[Listener]) -> None:
        waiting.listeners = listeners
        if not listeners:
            waiting.passed()
        if self._writing is None and self._line[0].listeners is not None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._line and self._line[0].listeners is not None:
                if batch := self._next_batch():
                    await self._number(batch)
                self._done = self._taken - len(self._line)
                self._moved.set()
                self._moved = asyncio.Event()
        finally:
            self._writing = None

    def _next_batch(self) -> list[_Waiting]:
        """Take from the line what is known, up to the first of which it is not."""
        batch: list[_Waiting] = []
        while self._line and len(batch) < BATCH:
            if (listeners := self._line[0].listeners) is None:
                break
            waiting = self._line.popleft()
            if listeners:
                batch.append(waiting)
        return batch

    async def _number(self, batch: Sequence[_Waiting]) -> None:
        """Write positions, however long that takes; then let the events pass."""
        while True:
            now = self._now()
            found = [(one.envelope, _deliveries(one, now)) for one in batch]
            try:
                await self._ask(partial(self._store.number, found, now))
            except Unwritable as err:
                await self._part(batch, str(err))
                return
            except StoreError as err:
                _log.warning("cannot number events", extra={"reason": str(err)})
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                break
        for waiting in batch:
            waiting.passed()
        self._on_numbered()

    async def _part(self, batch: Sequence[_Waiting], reason: str) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._number(batch[:middle])
            await self._number(batch[middle:])
            return
        # Nor will the database take it when it is recorded: it is set aside there.
        event_id = batch[0].envelope.event.id
        _log.error("event has no place", extra={"event_id": event_id, "reason": reason})
        batch[0].passed()

    async def _ask(self, question: Callable[[], object]) -> object:
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, question
        )


def _deliveries(waiting: _Waiting, now: datetime) -> list[Delivery]:
    listeners = waiting.listeners or ()
    return [Delivery.new(waiting.envelope, one, now) for one in listeners]
