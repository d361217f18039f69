# SPDX-License-Identifier: Apache-2.0
"""Writes what happened in group commits, and tells each writer what became of it.

Lives on the event loop; the database is asked in one thread of its own. While the
database does not answer, entries wait in memory and are tried again in their order. A
batch that it refuses is halved until the entry that is at fault stands alone.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final

from bridge.errors import StoreError, Unwritable
from bridge.store.journal import Entry, Journal

MAX_BATCH: Final = 500
WINDOW_SECONDS: Final = 0.003
SLOW_SECONDS: Final = 2.0
"""A database that takes longer for a commit is not well, until the commit is through."""

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)

Landed = Callable[[str | None], None]
"""Told None once an entry is safe, or why the database will never take it."""

_Waiting = tuple[Entry, Landed | None]


class Recorder:
    """The one way to the journal.

    Args:
        journal: Where to write.
        executor: One thread; nothing else may hold it for long.
        on_health: Told False when the database starts to refuse, True when it is over.
        on_unwritable: Told the event's id and the reason, for each entry that can
            never be written.
    """

    def __init__(
        self,
        journal: Journal,
        executor: Executor,
        *,
        on_health: Callable[[bool], None],
        on_unwritable: Callable[[str, str], None],
    ) -> None:
        self._journal = journal
        self._executor = executor
        self._on_health = on_health
        self._on_unwritable = on_unwritable
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None
        self.is_healthy = True

    @property
    def unsafe(self) -> int:
        """How many entries tell of attempts that would be forgotten by a crash."""
        return sum(bool(entry.attempts) for entry, _ in self._waiting)

    def record(self, entry: Entry, landed: Landed | None = None) -> None:
        """Write an entry soon; `landed` is called on the loop once its fate is known."""
        self._waiting.append((entry, landed))
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._write())

    async def flush(self) -> None:
        """Return once all that was recorded is safe; not before the database is well."""
        while self._work is not None:
            await asyncio.shield(self._work)

    async def _write(self) -> None:
        try:
            while self._waiting:
                if len(self._waiting) < MAX_BATCH:
                    await asyncio.sleep(WINDOW_SECONDS)
                batch = self._waiting[:MAX_BATCH]
                await self._settle(batch)
                del self._waiting[: len(batch)]
        finally:
            self._work = None

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Write all of a batch but what the database will never take."""
        try:
            await self._commit([entry for entry, _ in batch])
        except Unwritable as err:
            await self._part(batch, str(err))
        else:
            for _, landed in batch:
                _call(landed, None)

    async def _part(self, batch: Sequence[_Waiting], reason: str) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])
            return
        ((entry, landed),) = batch
        wordless = entry.without_words()
        if wordless != entry:
            await self._settle([(wordless, landed)])
            return
        self._on_unwritable(entry.event_id, reason)
        _call(landed, reason)

    async def _commit(self, entries: list[Entry]) -> None:
        """Write entries, however long that takes.

        Raises:
            Unwritable: The database is well, and does not take them.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._attempt(entries)
            except Unwritable:
                self._turn(healthy=True)
                raise
            except StoreError as err:
                _log.error("database refuses", extra={"reason": str(err)})
            except Exception:  # noqa: BLE001 - a loop's edge: nothing known is dropped
                _log.exception("what is known cannot be written")
            else:
                self._turn(healthy=True)
                return
            self._turn(healthy=False)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _attempt(self, entries: list[Entry]) -> None:
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(self._executor, self._journal.write, entries)
        _, late = await asyncio.wait({writing}, timeout=SLOW_SECONDS)
        if late:
            _log.error("database is slow", extra={"seconds": SLOW_SECONDS})
            self._turn(healthy=False)
        await writing

    def _turn(self, *, healthy: bool) -> None:
        if healthy != self.is_healthy:
            self.is_healthy = healthy
            self._on_health(healthy)


def _call(landed: Landed | None, refusal: str | None) -> None:
    if landed is None:
        return
    try:
        landed(refusal)
    except Exception:  # noqa: BLE001 - a loop's edge: the others are told all the same
        _log.exception("what is recorded could not be settled")
