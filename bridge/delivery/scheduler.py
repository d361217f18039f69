# SPDX-License-Identifier: Apache-2.0
"""Takes parked deliveries from the database when they come due, as lanes have room.

Lives on the event loop; asks the database in the recorder's thread, so that what was
just recorded is seen.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bridge.delivery.dispatcher import Dispatcher
from bridge.delivery.parking import lease_of
from bridge.errors import StoreError
from bridge.model import Listener, ListenerId
from bridge.store.journal import Journal
from bridge.waiting import wait

POLL_SECONDS: Final = 0.25

_log = logging.getLogger(__name__)


class Scheduler:
    """Runs until it is cancelled.

    Args:
        journal: Where parked deliveries are.
        executor: The recorder's.
        dispatcher: Who tries them.
        batches: Tries what goes together; told which listeners have something due.
        listener: Finds a listener that is enabled.
        now: The time that all bridges on the database agree on.
    """

    def __init__(
        self,
        journal: Journal,
        executor: Executor,
        *,
        dispatcher: Dispatcher,
        batches: Callable[[Collection[ListenerId]], Awaitable[int]],
        listener: Callable[[ListenerId], Listener | None],
        now: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._executor = executor
        self._dispatcher = dispatcher
        self._batches = batches
        self._listener = listener
        self._now = now
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Look soon: something may have come due."""
        self._nudged.set()

    async def run(self) -> None:
        """Take what is due, again and again."""
        while True:
            self._nudged.clear()
            try:
                taken = await self._take()
            except StoreError as err:
                _log.warning(
                    "cannot look for due deliveries", extra={"reason": str(err)}
                )
                taken = 0
            if not taken:
                await wait(self._nudged, POLL_SECONDS)

    async def _take(self) -> int:
        loop = asyncio.get_running_loop()
        now = self._now()
        due = await loop.run_in_executor(self._executor, self._journal.due, now)
        self._dispatcher.note_backlogs(due)
        limits: dict[timedelta, dict[ListenerId, int]] = {}
        for listener_id, count in due.items():
            listener = self._listener(listener_id)
            if listener is None or listener.callback.batch is not None:
                continue
            if room := self._dispatcher.room_for_due(listener):
                same = limits.setdefault(lease_of(listener), {})
                same[listener_id] = min(room, count)
        taken = await self._batches(due)
        for lease, some in limits.items():
            taken += await self._claim(some, now, lease)
        return taken

    async def _claim(
        self, limits: Mapping[ListenerId, int], now: datetime, lease: timedelta
    ) -> int:
        loop = asyncio.get_running_loop()
        claim = partial(self._journal.claim, limits, now=now, until=now + lease)
        claimed = await loop.run_in_executor(self._executor, claim)
        for delivery, envelope in claimed:
            listener = self._listener(delivery.listener_id)
            # Disabled meanwhile, or it wants what is due together with other events.
            if listener is None or listener.callback.batch is not None:
                self._dispatcher.give_back(delivery)
            else:
                self._dispatcher.resume(delivery, listener, envelope)
        return len(claimed)
