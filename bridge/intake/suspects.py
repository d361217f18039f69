# SPDX-License-Identifier: Apache-2.0
"""Handles messages with care that came back again and again: one may kill the bridge.

Each is marked in the database before it is touched. First a few at a time, since most
came back only because another killed the bridge; those that were marked when a bridge
died, one at a time. Who was marked at too many deaths is set aside. All other messages
go past, meanwhile.

Lives on the event loop; the database is asked in a thread.
"""

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any, Final, TypeVar

from bridge.errors import StoreError
from bridge.store.suspects import SuspectStore
from bridge.waiting import wait

FEW: Final = 32
"""So many are handled at a time that no bridge has died of yet."""

MOST_CRASHES: Final = 3
"""Beside two before a message is suspected: five in all."""

RETURNS: Final = 2
"""Of a quorum queue's message, before it is suspected."""

PAUSE_SECONDS: Final = 0.5
LAST_WORD_SECONDS: Final = 1.0

_COUNT: Final = "x-delivery-count"

_Found = TypeVar("_Found")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """A message that came back again and again.

    Attributes:
        fingerprint: The same whenever it comes.
        is_gone: Tells whether the broker has taken it back.
        handle: Handles it; what it is given is called once that is done.
        convict: Sets it aside, with the reason; what it is given is called then.
    """

    fingerprint: str
    is_gone: Callable[[], bool]
    handle: Callable[[Callable[[], None]], None]
    convict: Callable[[str, Callable[[], None]], None]


class Suspects:
    """Those of one bridge, in the order they came.

    Args:
        store: Keeps the marks.
        executor: Asks it.
        now: The time that all bridges on the database agree on.
        in_order: Whether each is handled before the next, whoever may have killed.
    """

    def __init__(
        self,
        store: SuspectStore,
        executor: Executor,
        now: Callable[[], datetime],
        *,
        in_order: bool = False,
    ) -> None:
        self._store = store
        self._executor = executor
        self._now = now
        self._in_order = in_order
        self._line: deque[Suspect] = deque()
        self._work: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether some wait, or are under way."""
        return self._work is not None

    def take(self, suspect: Suspect) -> None:
        """Handle a message when it is its turn; never blocks."""
        self._line.append(suspect)
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._handle_all())

    async def close(self) -> None:
        """Handle no more; what waits is the broker's again."""
        self._line.clear()
        if self._work is not None:
            await asyncio.wait({self._work}, timeout=LAST_WORD_SECONDS)
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait({self._work})

    async def _handle_all(self) -> None:
        try:
            while self._line:
                await self._judge(self._next())
        finally:
            self._work = None

    def _next(self) -> dict[str, Suspect]:
        few: dict[str, Suspect] = {}
        # A copy has its turn after its twin.
        while self._line and len(few) < FEW and self._line[0].fingerprint not in few:
            one = self._line.popleft()
            few[one.fingerprint] = one
        return few

    async def _judge(self, some: Mapping[str, Suspect]) -> None:
        crashes = await self._ask(partial(self._store.crashes, list(some)))
        killed = crashes.__contains__
        keys = list(some) if self._in_order else sorted(some, key=killed)
        for is_known, group in groupby(keys, killed):
            if not is_known:
                await self._handle({key: some[key] for key in group}, {})
                continue
            for key in group:
                if crashes[key] >= MOST_CRASHES:
                    self._convict(some[key], crashes[key])
                else:
                    await self._handle({key: some[key]}, crashes)

    async def _handle(
        self, some: Mapping[str, Suspect], crashes: Mapping[str, int]
    ) -> None:
        some = {key: one for key, one in some.items() if not one.is_gone()}
        if not some:
            return
        marks = {key: crashes.get(key, 0) for key in some}
        await self._ask(partial(self._store.mark, marks, self._now()))
        under_way = {one: asyncio.Event() for one in some.values()}
        for one, end in under_way.items():
            one.handle(end.set)
        # What the broker has taken back while it was handled comes again.
        for one, end in under_way.items():
            while not (end.is_set() or one.is_gone()):
                await wait(end, PAUSE_SECONDS)
        await self._ask(partial(self._store.clear, list(some)))

    def _convict(self, suspect: Suspect, count: int) -> None:
        if suspect.is_gone():
            return
        reason = f"a bridge died {count} times while it handled this message"
        _log.error("a message is set aside", extra={"reason": reason})
        forget = partial(self._forget, suspect.fingerprint)
        suspect.convict(reason, forget)

    def _forget(self, fingerprint: str) -> None:
        # If it cannot be asked, the mark is stale some day.
        self._executor.submit(self._store.clear, [fingerprint])

    async def _ask(self, ask: Callable[[], _Found]) -> _Found:
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self._executor, ask)
            except StoreError as err:
                _log.warning("suspects have to wait", extra={"reason": str(err)})
                await asyncio.sleep(PAUSE_SECONDS)


def is_suspect(headers: Mapping[str, Any]) -> bool:
    """Tell whether a message that came back did so too often.

    Args:
        headers: A quorum queue counts in them; of others it is not known.
    """
    count = headers.get(_COUNT)
    return not isinstance(count, int) or count >= RETURNS


def fingerprint(key: str, properties: Mapping[str, Any], body: bytes) -> str:
    """Return what a message is known by, whatever is in it."""
    named = repr((key, properties.get("message_id")))
    digest = hashlib.sha256(named.encode("utf-8", "backslashreplace"))
    digest.update(body)
    return digest.hexdigest()
