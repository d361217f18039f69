# SPDX-License-Identifier: Apache-2.0
"""Ends connections to the API whose request comes too slowly, or has a head too large.

uvicorn waits for the rest of a request as long as it takes, and keeps all of its head.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ARRIVES_WITHIN_SECONDS: Final = 30.0
"""A whole request does, or the connection ends: from its first byte, or where there was
none before from the connection's beginning."""

MAX_HEAD_BYTES: Final = 64 * 1024
"""Of the request line and all headers; what is read at once may be more."""


class ArrivingRequests(HttpToolsProtocol):
    """uvicorn's protocol, with an eye on the clock and on the size."""

    def __init__(self, *args: Any, **members: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **members)
        self._arrival: asyncio.TimerHandle | None = None
        self._head_bytes: int | None = 0  # None: the head is complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request."""
        super().connection_made(transport)
        self._await_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._arrive()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has become too large."""
        super().data_received(data)
        if self._head_bytes is None:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's head is over 64 KiB.")

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        super().on_message_begin()
        self._head_bytes = 0
        self._await_arrival()

    def on_headers_complete(self) -> None:
        """Note that its head is there."""
        self._head_bytes = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that all of it is there."""
        self._arrive()
        super().on_message_complete()

    def _await_arrival(self) -> None:
        if self._arrival is None:
            self._arrival = self.loop.call_later(ARRIVES_WITHIN_SECONDS, self._give_up)

    def _arrive(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _give_up(self) -> None:
        self._arrival = None
        self.transport.abort()
