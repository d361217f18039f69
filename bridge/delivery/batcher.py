# SPDX-License-Identifier: Apache-2.0
"""Lets listeners that take batches have them: asks for them when they are full or due.

Lives on the event loop; asks the database in the recorder's thread. From there on a batch
is a delivery like any that was parked: a slot, a lease, an attempt, a retry.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from bridge.callbacks.together import together
from bridge.delivery.dispatcher import Dispatcher
from bridge.delivery.flight import Flight
from bridge.delivery.parking import lease_of
from bridge.model import Envelope, EventKey, Listener, ListenerId
from bridge.store.batches import BatchStore, Formed

MAX_REMEMBERED_BYTES: Final = 32 * 1024 * 1024
"""So much of what waits is kept in memory too, and need not be read again."""

_SLACK_SECONDS: Final = 0.001

T = TypeVar("T")


class Batcher:
    """Of all listeners.

    Args:
        store: Where they are put together.
        executor: The recorder's.
        dispatcher: Who tries them.
        listener: Finds a listener that is enabled.
        now: The time that all bridges on the database agree on.
        on_due: Called when something may be due.
    """

    def __init__(
        self,
        store: BatchStore,
        executor: Executor,
        *,
        dispatcher: Dispatcher,
        listener: Callable[[ListenerId], Listener | None],
        now: Callable[[], datetime],
        on_due: Callable[[], None],
    ) -> None:
        self._store = store
        self._executor = executor
        self._dispatcher = dispatcher
        self._listener = listener
        self._now = now
        self._on_due = on_due
        self._waiting: Counter[ListenerId] = Counter()
        self._timers: set[ListenerId] = set()
        self._memory = Memory(MAX_REMEMBERED_BYTES)

    def note(self, flight: Flight) -> None:
        """Take down that a delivery is left to the database for a batch."""
        listener = flight.listener
        batching = listener.callback.batch
        if batching is None:
            return
        self._waiting[listener.id] += 1
        self._memory.keep(listener.id, flight.envelope)
        if listener.id not in self._timers:
            self._timers.add(listener.id)
            seconds = batching.max_wait.total_seconds() + _SLACK_SECONDS
            loop = asyncio.get_running_loop()
            loop.call_later(seconds, self._ring, listener.id)

    async def take(self, due: Collection[ListenerId]) -> int:
        """Have batches told that are full or due; return how many.

        Args:
            due: Listeners that something is due for.
        """
        taken = 0
        for listener_id in {*due, *self._waiting}:
            listener = self._listener(listener_id)
            if listener is None or listener.callback.batch is None:
                self._waiting.pop(listener_id, None)
                continue
            is_due = listener_id in due
            is_full = self._waiting[listener_id] >= listener.callback.batch.max_events
            room = self._dispatcher.room_for_due(listener) if is_due or is_full else 0
            if room:
                taken += await self._take(listener, room, is_due=is_due)
        return taken

    async def _take(self, listener: Listener, room: int, *, is_due: bool) -> int:
        now = self._now()
        lease = lease_of(listener)
        take = partial(self._store.take, listener, room, now=now, until=now + lease)
        formed = await self._ask(take)
        self._waiting[listener.id] -= sum(
            one.delivery.size for one in formed if one.is_new
        )
        if self._waiting[listener.id] <= 0 or (is_due and not formed):
            del self._waiting[listener.id]
        for one in formed:
            await self._tell(listener, one)
        return len(formed)

    async def _tell(self, listener: Listener, formed: Formed) -> None:
        known = self._memory.take(listener.id, formed.keys)
        missing = [key for key in formed.keys if key not in known]
        if missing:
            known |= await self._ask(partial(self._store.envelopes, missing))
        envelopes = [known[key] for key in formed.keys if key in known]
        self._dispatcher.resume(formed.delivery, listener, together(envelopes))

    async def _ask(self, question: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, question)

    def _ring(self, listener_id: ListenerId) -> None:
        self._timers.discard(listener_id)
        self._on_due()


class Memory:
    """Events that listeners wait for, as far as they fit.

    Args:
        most: Bytes of their bodies together.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[tuple[ListenerId, EventKey], Envelope] = {}
        self._size = 0

    def keep(self, listener_id: ListenerId, envelope: Envelope) -> None:
        """Remember an event; the oldest are forgotten for it."""
        self.take(listener_id, [envelope.key])
        self._kept[listener_id, envelope.key] = envelope
        self._size += len(envelope.body)
        while self._size > self._most:
            oldest, key = next(iter(self._kept))
            self.take(oldest, [key])

    def take(
        self, listener_id: ListenerId, keys: Iterable[EventKey]
    ) -> dict[EventKey, Envelope]:
        """Return and forget those of these that are remembered."""
        found = {}
        for key in keys:
            envelope = self._kept.pop((listener_id, key), None)
            if envelope is not None:
                self._size -= len(envelope.body)
                found[key] = envelope
        return found
