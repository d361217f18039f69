# SPDX-License-Identifier: Apache-2.0
"""The whole bridge within another process, on a thread of its own."""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import Self

import uvloop

from bridge.errors import BridgeError
from bridge.service import Service
from bridge.settings import Settings
from notifier.notifier import Notifier
from notifier.publishers.publisher import Publisher


class EmbeddedBridge:
    """A bridge, between `__enter__` and `__exit__`; blocking.

    Args:
        settings: As for ``notifier-bridge serve``.

    Attributes:
        publisher: Brings events to it; any thread.
    """

    def __init__(self, settings: Settings) -> None:
        self._service = Service(settings, announce=lambda _line: None)
        self._started: Future[None] = Future()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="bridge")

    def __enter__(self) -> Self:
        """Start it, and return once its API answers and its bus takes events.

        Raises:
            BridgeError: It could not start.
        """
        self._thread.start()
        try:
            self._started.result()
        except BaseException:  # Ctrl-C too
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Drain it, and return once it has ended."""
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        """Of its API."""
        return self._service.url

    @property
    def publisher(self) -> Publisher:
        """The bus that it consumes.

        Raises:
            BridgeError: It is not started.
        """
        if self._service.publisher is None:
            raise BridgeError("the bridge is not started")
        return self._service.publisher

    def notifier(self, source: str) -> Notifier:
        """Return what an engine in this process holds."""
        return Notifier(self.publisher, source=source)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                runner.run(self._serve())
            except BaseException as err:  # it belongs to who started it
                if self._started.done():
                    raise
                self._started.set_exception(err)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        await self._service.run(self._stop, lambda: self._started.set_result(None))
