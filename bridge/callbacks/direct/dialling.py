# SPDX-License-Identifier: Apache-2.0
"""Connects to a receiver: to an address that the guard has checked, and no other.

Lives on the event loop; names are looked up in threads, which a slow one holds up.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from bridge.callbacks.direct.connection import Connection
from bridge.callbacks.direct.head import Origin
from bridge.callbacks.guard import Guard, SocketAddress, Target, address_in
from bridge.callbacks.workers import Workers

MAX_DIALLED: Final = 4
LOOK_UPS: Final = 32
"""So many names are looked up at a time."""

_CLOSE_SECONDS: Final = 0.5

Found = tuple[SocketAddress, ...]


class Dialler:
    """Makes connections.

    Args:
        loop: That they live on.
        tls: Whom to trust.
        on_idle_end: Given to each `Connection`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tls: ssl.SSLContext,
        on_idle_end: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        self._tls = tls
        self._on_idle_end = on_idle_end
        self._workers = Workers(LOOK_UPS, "look-up")
        self._asked: dict[tuple[Guard, Target], asyncio.Future[Found]] = {}

    async def dial(self, guard: Guard, origin: Origin, deadline: float) -> Connection:
        """Return a new connection.

        Args:
            guard: Says which addresses may be dialled.
            origin: Where to.
            deadline: Of `time.monotonic`; the caller cancels at it.

        Raises:
            Invalid: The guard refuses an address.
            OSError: None of the addresses could be connected to.
        """
        addresses = (await self._find(guard, origin.target))[:MAX_DIALLED]
        failure: OSError = OSError("no address")
        for place, address in enumerate(addresses):
            # One that swallows everything leaves time for the others.
            share = (deadline - time.monotonic()) / (len(addresses) - place)
            try:
                async with asyncio.timeout(max(share, 0.001)):
                    return await self._connect(guard, address, origin)
            except OSError as err:  # a TimeoutError is one
                failure = err
        raise failure

    def close(self) -> None:
        """Let the threads go."""
        self._workers.close(_CLOSE_SECONDS)

    async def _find(self, guard: Guard, target: Target) -> Found:
        if address_in(target.host) is not None:
            return guard.resolve(target)  # nothing to wait for
        key = (guard, target)
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = self._loop.create_future()
            asked.add_done_callback(lambda _: self._asked.pop(key, None))
            asked.add_done_callback(_is_seen)
            self._workers.run(lambda: self._look_up(guard, target, asked))
        # Others wait for it too, though this one may be cancelled.
        return await asyncio.shield(asked)

    def _look_up(
        self, guard: Guard, target: Target, asked: "asyncio.Future[Found]"
    ) -> None:
        try:
            found = guard.resolve(target)
        except Exception as err:  # noqa: BLE001 - told to whoever asked
            self._tell(partial(asked.set_exception, err))
        else:
            self._tell(partial(asked.set_result, found))

    def _tell(self, say: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(say)

    async def _connect(
        self, guard: Guard, address: SocketAddress, origin: Origin
    ) -> Connection:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        one = socket.socket(family, socket.SOCK_STREAM)
        try:
            one.setblocking(False)  # noqa: FBT003 - socket's own order
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.sock_connect(one, address)
            _, connection = await self._loop.create_connection(
                lambda: Connection(guard, self._on_idle_end),
                sock=one,
                ssl=self._tls if origin.is_tls else None,
                server_hostname=_name(origin),
            )
        except BaseException:
            one.close()
            raise
        return connection


def _name(origin: Origin) -> str | None:
    return origin.target.host.removesuffix(".") if origin.is_tls else None


def _is_seen(asked: "asyncio.Future[Found]") -> None:
    if not asked.cancelled():
        asked.exception()  # whoever asked may have gone
