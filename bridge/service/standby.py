# SPDX-License-Identifier: Apache-2.0
"""What stands in a worker's place in a process without one: the workers of others.

Lives on the event loop.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from datetime import timedelta
from typing import Final

from bridge.callbacks.callback import Callback
from bridge.delivery.terms import Patience
from bridge.errors import StoreError
from bridge.store.clock import Clock

LOOK_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 3.0
"""A database that did not answer for so long does not."""

_log = logging.getLogger(__name__)


class Standby:
    """Keeps the time, and knows whether the database answers.

    Args:
        clock: Of the database.
        callbacks: Ended with it.
        executor: One thread, to ask the database.
    """

    listeners: Final = None
    """It follows none: those who work do."""

    def __init__(
        self, clock: Clock, callbacks: Mapping[str, Callback], executor: Executor
    ) -> None:
        self._clock = clock
        self._callbacks = callbacks
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._answered_at = self._loop.time()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._watching = self._loop.create_task(self._watch())

    def health(self) -> Sequence[str]:
        """Return why the API may not do its work now; empty: it does."""
        if self._loop.time() - self._answered_at > PATIENCE_SECONDS:
            return ["the database does not answer"]
        return []

    def wake(self) -> None:
        """Leave it to those who work: they look several times a second."""

    def catch_up(self) -> None:
        """Leave it to those who work: they follow within a second."""

    def adopt(self, patience: Patience, disable_after: timedelta) -> None:
        """Leave it to those who work."""

    async def drain(self, grace: timedelta) -> None:
        """End pings under way, and let go."""
        del grace  # no delivery is under way
        for callback in self._callbacks.values():
            await asyncio.to_thread(callback.close)
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            look = self._clock.synchronise
            try:
                await self._loop.run_in_executor(self._executor, look)
            except StoreError as err:
                _log.warning("cannot ask for the time", extra={"reason": str(err)})
            else:
                self._answered_at = self._loop.time()
