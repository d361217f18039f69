# SPDX-License-Identifier: Apache-2.0
"""Turns off listeners whose receivers are of no use any more.

Lives on the event loop; blocks in threads. What fails is tried again with the next
attempt that says so.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from bridge.errors import StoreError
from bridge.model import Listener, ListenerId
from bridge.store.listeners import ListenerStore

_log = logging.getLogger(__name__)


class Shutoff:
    """One at a time for each listener.

    Args:
        store: Of listeners.
        refresh: Lets the index follow.
        now: The time that all bridges on the database agree on.
    """

    def __init__(
        self,
        store: ListenerStore,
        refresh: Callable[[], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._refresh = refresh
        self._now = now
        self._under_way: set[ListenerId] = set()

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
