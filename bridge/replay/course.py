# SPDX-License-Identifier: Apache-2.0
"""A replay that this bridge is at: what it reads, tells and keeps.

Lives on the event loop; the database is asked in threads, not in the recorder's.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from bridge.model import Listener, ListenerId
from bridge.model.replay import Phase, Replay, ReplayState
from bridge.replay.pace import Pace
from bridge.store.events import StoredEvent
from bridge.store.history import History, Page
from bridge.store.listeners import ListenerStore
from bridge.store.replays import ReplayStore
from bridge.store.retelling import Retelling
from notifier.event import Event
from notifier.event_types import expand, matches

_log = logging.getLogger(__name__)


class Routes(Protocol):
    """Who listens to what."""

    def listener(self, listener_id: ListenerId) -> Listener | None:
        """Return an enabled listener."""

    async def heard(
        self, listener: Listener, events: Sequence[Event]
    ) -> Sequence[bool]:
        """Tell, of each event, whether a listener asks for it."""

    async def refresh(self) -> None:
        """Bring what is known up to date."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What replays are made of.

    Attributes:
        replays: Which there are.
        history: Past events.
        retelling: Makes their deliveries pending.
        listeners: To know those that are removed from those that are disabled.
    """

    replays: ReplayStore
    history: History
    retelling: Retelling
    listeners: ListenerStore


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every course needs.

    Attributes:
        archive: What replays are made of.
        routes: Who listens to what.
        on_pending: Called when something may be due.
        now: The time that all bridges on the database agree on.
    """

    archive: Archive
    routes: Routes
    on_pending: Callable[[], None]
    now: Callable[[], datetime]


class Course:
    """One replay.

    Args:
        replay: As it stood when this bridge took it.
        around: What it needs.

    Attributes:
        replay: As it stands.
        around: As given.
        pace: What it may tell.
        head: Position up to which it goes now, and when that was looked up.
        is_over: It has ended, or another bridge is at it.
    """

    def __init__(self, replay: Replay, around: Surroundings) -> None:
        self.replay = replay
        self.around = around
        self.pace = Pace()
        self.head: tuple[int, datetime] | None = None
        self.is_over = False

    async def is_crowded(self, most: int) -> bool:
        """Tell whether so many deliveries of its listener wait for a slot."""
        store, now = self.around.archive.replays, self.around.now()
        ask = partial(store.waiting, self.replay.listener_id, now, most)
        return await asyncio.to_thread(ask) >= most

    async def look_up_head(self) -> int:
        """Return the position up to which it goes, from now on."""
        if self.head is None:
            head = await asyncio.to_thread(self.around.archive.history.head)
            self.head = head, self.around.now()
        return self.head[0]

    async def page(self, upto: int, limit: int, *, in_order: bool) -> Page:
        """Return the next events; see `History.page`."""
        read = self.around.archive.history.page
        return await asyncio.to_thread(
            partial(read, self.replay, upto, limit, in_order=in_order)
        )

    async def wanted(
        self, listener: Listener, events: Sequence[StoredEvent]
    ) -> list[StoredEvent]:
        """Return those that its listener is to be told of."""
        found = list(events)
        types = self.replay.wanted.types if self.replay.phase is Phase.PAST else ()
        if types:
            patterns = {one for name in types for one in expand(name)}
            found = [one for one in found if _is_one_of(one, patterns)]
        told = [one.envelope.event for one in found]
        heard = await self.around.routes.heard(listener, told)
        return [one for one, hears in zip(found, heard, strict=True) if hears]

    async def tell(
        self,
        listener: Listener,
        events: Sequence[StoredEvent],
        after: Replay,
        *,
        in_order: bool,
    ) -> int:
        """Let its listener be told of events; return of how many.

        Args:
            listener: Its listener.
            events: In their order.
            after: How it stands then.
            in_order: Whether those of an execution are told one after the other.
        """
        if not events:
            await self.keep_as(after)
            return 0
        now = self.around.now()
        tell = self.around.archive.retelling.tell
        batch = listener.callback.batch is not None
        told = await asyncio.to_thread(
            # In a batch they are in their order; none waits for the one before.
            partial(tell, after, listener, events, now, in_order=in_order and not batch)
        )
        if told is None:
            self.is_over = True
            return 0
        self._become(replace(after, replayed=after.replayed + told))
        if told:
            self.around.on_pending()
        return told

    async def keep(self, **changes: Any) -> None:  # noqa: ANN401 - members of Replay
        """Keep how it stands: with these changes."""
        await self.keep_as(replace(self.replay, **changes))

    async def keep_as(self, after: Replay) -> None:
        """Keep how it stands."""
        if after == self.replay:
            return
        after = replace(after, updated_at=self.around.now())
        if await asyncio.to_thread(self.around.archive.replays.save, after):
            self._become(after)
        else:
            self.is_over = True

    async def end(self, state: ReplayState, *, reason: str | None = None) -> None:
        """Let it be over."""
        await self.keep(state=state, ended_at=self.around.now(), reason=reason)

    def _become(self, replay: Replay) -> None:
        self.replay = replay
        if replay.ended_at is not None:
            self.is_over = True
            data = {"replay_id": replay.id, "replayed": replay.replayed}
            _log.info("replay has ended", extra=data)


def _is_one_of(stored: StoredEvent, patterns: set[str]) -> bool:
    return any(matches(one, stored.envelope.event.type) for one in patterns)
