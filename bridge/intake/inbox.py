# SPDX-License-Identifier: Apache-2.0
"""Receives events from the database's own table, where there is no broker.

Whoever publishes in this process commits the event first and then wakes the inbox. What
a former process left is read again at the start.
"""

import asyncio
import logging
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from bridge.errors import StoreError
from bridge.intake.source import Received, Sink, again
from bridge.model import Envelope, EventKey, Question
from bridge.store.events import EventStore, StoredEvent
from bridge.store.quarantine import QuarantineStore
from bridge.waiting import wait

MAX_OPEN: Final = 1000
"""So many events are in flight at most, beside those that are suspected; the others wait
in the table."""

BATCH: Final = 250
POLL_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Left:
    """What a former bridge left, by positions; 0 where there is nothing.

    Attributes:
        last: Up to there events were in the table when it ended.
        suspected: Up to there those that wait may have been in flight: no more than
            `MAX_OPEN` were, and these had waited the longest.
    """

    last: int
    suspected: int


class Inbox:
    """The `Source` of the in-process bus.

    Args:
        store: Where the events wait.
        quarantine: Where those go that cannot be handled.
        executor: The recorder's, so that what was just settled is seen.
    """

    def __init__(
        self, store: EventStore, quarantine: QuarantineStore, executor: Executor
    ) -> None:
        self._store = store
        self._quarantine = quarantine
        self._executor = executor
        self._open: set[int] = set()
        self._suspected: set[int] = set()  # of these; they hold nobody's place
        self._asides: set[asyncio.Task[None]] = set()
        self._awake = asyncio.Event()
        self._asked: dict[EventKey, Question] = {}
        self._sink: Sink | None = None
        self._is_stopped = False
        self._is_reading = False

    @property
    def is_consuming(self) -> bool:
        """Whether events that arrive now would be handed on."""
        return self._is_reading and not self._is_stopped

    def wake(self) -> None:
        """Look soon; on the loop's thread."""
        self._awake.set()

    def expect(self, envelope: Envelope, question: Question) -> None:
        """Hand an event on with a question when it is found in the table; any thread."""
        self._asked[envelope.key] = question

    def forget(self, envelope: Envelope) -> None:
        """Expect it no more: it did not come into the table; any thread."""
        self._asked.pop(envelope.key, None)

    def ask_again(self, envelope: Envelope) -> None:
        """Hand on an event that was in the table before, on the loop's thread."""
        question = self._asked.pop(envelope.key, None)
        if question is not None and self._sink is not None and not self._is_stopped:
            self._sink(again(envelope, question))

    async def run(self, sink: Sink) -> None:
        """Hand events on until `stop`."""
        self._sink = sink
        left = await self._read_left()
        while not self._is_stopped:
            self._awake.clear()
            try:
                self._take(await self._read(), left, sink)
                self._is_reading = True
            except StoreError as err:
                _log.warning("cannot read the inbox", extra={"reason": str(err)})
                self._is_reading = False
            await wait(self._awake, POLL_SECONDS)

    async def stop(self) -> None:
        """Hand on no more."""
        self._is_stopped = True
        self._awake.set()

    async def close(self) -> None:
        """Nothing is held: what is not settled waits in the table."""

    async def _read_left(self) -> Left:
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self._executor, self._look_back)
            except StoreError as err:
                _log.warning("cannot read the inbox", extra={"reason": str(err)})
                await asyncio.sleep(POLL_SECONDS)

    def _look_back(self) -> Left:
        store = self._store
        return Left(store.last_position(), store.end_of_oldest(MAX_OPEN))

    async def _read(self) -> list[StoredEvent]:
        room = min(MAX_OPEN - self._fresh, BATCH)
        if room <= 0:
            return []
        # Those in flight still stand in the table.
        read = partial(self._store.queued, room, beside=tuple(self._open))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, read)

    @property
    def _fresh(self) -> int:
        return len(self._open) - len(self._suspected)

    def _take(self, waiting: list[StoredEvent], left: Left, sink: Sink) -> None:
        if self._is_stopped:
            return
        for stored in waiting:
            position = stored.position
            self._open.add(position)
            settle = partial(self._settle, position)
            reject = partial(self._reject, position)
            question = self._asked.pop(stored.envelope.key, None)
            if is_suspect := position <= left.suspected:
                self._suspected.add(position)
            sink(
                Received(
                    stored.envelope,
                    is_repeat=position <= left.last,
                    settle=settle,
                    reject=reject,
                    question=question,
                    is_suspect=is_suspect,
                )
            )
            self._awake.set()  # there may be more than one batch

    def _settle(self, position: int) -> None:
        if self._fresh >= MAX_OPEN:
            self._awake.set()
        self._open.discard(position)
        self._suspected.discard(position)

    def _reject(self, position: int, reason: str) -> None:
        work = self._set_aside(position, reason)
        task = asyncio.get_running_loop().create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _set_aside(self, position: int, reason: str) -> None:
        """Let an event wait no more: it stays in the table, without deliveries."""
        now = datetime.now(UTC)
        take = partial(self._quarantine.take_event, position, reason, now)
        while True:
            try:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._executor, take)
            except StoreError as err:
                _log.warning("cannot set aside", extra={"reason": str(err)})
                await asyncio.sleep(POLL_SECONDS)
            else:
                self._settle(position)
                return
