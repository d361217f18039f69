# SPDX-License-Identifier: Apache-2.0
"""Lets go of what is old, now and then, without being in anybody's way.

Lives on the event loop; the database is asked in threads, in small steps with a pause
after each that is as long as the step was.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bridge.errors import NotFound, StoreError
from bridge.store.listeners import ListenerStore
from bridge.store.retention import Cutoffs, RetentionStore

FIRST_SECONDS: Final = 60.0
"""A start is busy enough."""

EVERY_SECONDS: Final = 600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what is kept.

    Attributes:
        events: From their arrival, with deliveries that have ended.
        dead: Dead deliveries with their events, from the last attempt.
        execution_listener: Listeners on one execution, from its end; not longer than
            the event that tells of it is kept.
    """

    events: timedelta = timedelta(days=7)
    dead: timedelta = timedelta(days=30)
    execution_listener: timedelta = timedelta(days=7)


class Retention:
    """Keeps one database from growing for ever; several bridges may do so.

    Args:
        store: What is old.
        listeners: Ends those whose execution has ended.
        terms: What is old.
        now: The time that all bridges on the database agree on.
    """

    def __init__(
        self,
        store: RetentionStore,
        listeners: ListenerStore,
        *,
        terms: Terms,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._listeners = listeners
        self._terms = terms
        self._now = now

    async def run(self) -> None:
        """Let go of what is old, again and again, until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.sweep()
            except StoreError as err:
                _log.warning("cannot remove what is old", extra={"reason": str(err)})
            await asyncio.sleep(EVERY_SECONDS)

    async def sweep(self) -> int:
        """Let go of all that is old; return how many events that were.

        Raises:
            StoreError: The database did not answer; what is gone is gone.
        """
        now = self._now()
        await asyncio.to_thread(self._end_listeners, now)
        cutoffs = Cutoffs(events=now - self._terms.events, dead=now - self._terms.dead)
        position = removed = 0
        while True:
            began = time.monotonic()
            swept = await asyncio.to_thread(self._store.sweep, position, cutoffs)
            if swept is None:
                break
            position, removed = swept.position, removed + swept.removed
            await asyncio.sleep(time.monotonic() - began)
        forgotten = await asyncio.to_thread(
            self._store.remove_listeners, cutoffs.events
        )
        if removed or forgotten:
            data = {"events": removed, "listeners": forgotten}
            _log.info("removed what was old", extra=data)
        return removed

    def _end_listeners(self, now: datetime) -> None:
        kept = min(self._terms.execution_listener, self._terms.events)
        for listener_id in self._store.listeners_of_ended(now - kept):
            with suppress(NotFound):  # another bridge did it just now
                self._listeners.remove(listener_id, now)
            _log.info("listener has ended", extra={"listener_id": listener_id})
