# SPDX-License-Identifier: Apache-2.0
"""Turns off listeners whose receivers are of no use any more, and tells operators.

Lives on the event loop; blocks in threads. What the database refuses is tried again with
the next attempt that says so. Telling is tried until it is done, by this bridge or another.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from bridge.errors import StoreError
from bridge.model import Listener, ListenerId
from bridge.store.listeners import ListenerStore
from bridge.waiting import wait
from notifier.errors import PublishError
from notifier.event import Event, EventId
from notifier.event_types import LISTENER_DISABLED

SOURCE: Final = "/notifier-bridge"

EVERY_SECONDS: Final = 10.0
"""So often it is looked for what a bridge that died, or had no bus, has not told."""

_log = logging.getLogger(__name__)


class Shutoff:
    """One at a time for each listener.

    Args:
        store: Of listeners.
        publish: Brings an event to the bus; blocking.
        refresh: Lets the index follow.
        now: The time that all bridges on the database agree on.
    """

    def __init__(
        self,
        store: ListenerStore,
        publish: Callable[[Event], None],
        refresh: Callable[[], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._publish = publish
        self._refresh = refresh
        self._now = now
        self._under_way: set[ListenerId] = set()
        self._news = asyncio.Event()

    async def turn_off(self, listener: Listener, reason: str) -> None:
        """Turn a listener off; what waits for it goes on waiting."""
        if listener.id in self._under_way:
            return
        self._under_way.add(listener.id)
        data = {"listener_id": listener.id, "reason": reason}
        try:
            disable = self._store.disable
            if await asyncio.to_thread(disable, listener.id, reason, self._now()):
                _log.warning("listener disabled", extra=data)
                await self._refresh()
        except StoreError as err:
            told = data | {"reason": str(err)}
            _log.warning("cannot disable a listener", extra=told)
        finally:
            self._under_way.discard(listener.id)
        self._news.set()

    async def run(self) -> None:
        """Tell of those that are turned off, by whomever, until cancelled."""
        while True:
            self._news.clear()
            try:
                await self._tell()
            except (StoreError, PublishError) as err:
                told = {"reason": str(err)}
                _log.warning("cannot tell that a listener is disabled", extra=told)
            await wait(self._news, EVERY_SECONDS)

    async def _tell(self) -> None:
        for listener in await asyncio.to_thread(self._store.untold):
            await asyncio.to_thread(self._publish, disabled(listener))
            await asyncio.to_thread(self._store.note_told, listener.id)


def disabled(listener: Listener) -> Event:
    """Return the event that tells of a listener that was turned off.

    It is the same whoever tells it, and however often.
    """
    name = f"{listener.id} {listener.updated_at.isoformat()}"
    data: dict[str, Any] = {
        "project": listener.project,
        "listener": {
            "id": listener.id,
            "name": listener.name,
            "disabled_reason": listener.disabled_reason,
        },
    }
    if listener.workbook is not None and "*" not in listener.workbook:
        data["workbook"] = listener.workbook
    return Event(
        id=EventId(str(uuid.uuid5(uuid.NAMESPACE_URL, name))),
        source=SOURCE,
        type=LISTENER_DISABLED,
        time=listener.updated_at,
        data=data,
    )
