# SPDX-License-Identifier: Apache-2.0
"""One connection to a receiver: a request out, an answer back, one after the other.

Lives on the event loop. The other side is not trusted: what is received of one answer
is bounded, and what it sends unasked ends the connection.
"""

import asyncio
import http.client
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

import httptools

from bridge.callbacks.answer import MAX_READ_BYTES
from bridge.callbacks.connections import MAX_WIRE_BYTES, AnswerTooLong
from bridge.callbacks.guard import Guard

MAX_HEAD_BYTES: Final = 64 * 1024
"""Of all headers of one answer together."""

_FIRST_FINAL: Final = 200
_SWITCHING: Final = 101
_LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `retry_after` is the header as it came."""

    status: int
    retry_after: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """What came instead.

    Attributes:
        error: In the words of `http.client` and the socket.
        status: Where the answer had begun.
        is_nothing: Not a byte was received.
    """

    error: Exception
    status: int | None
    is_nothing: bool


End = Answer | NoAnswer
OnEnd = Callable[["Connection", End], None]


class Connection(asyncio.Protocol):
    """Given to `asyncio` when a connection is made.

    Args:
        guard: That let it through.
        on_idle_end: Called when it ends while it carries nothing.

    Attributes:
        guard: That let it through.
        is_fresh: It has carried no request before the present one.
        is_reusable: It may carry the next request.
    """

    def __init__(
        self, guard: Guard, on_idle_end: Callable[["Connection"], None]
    ) -> None:
        self.guard = guard
        self.is_fresh = True
        self.is_reusable = False
        self._on_idle_end = on_idle_end
        self._transport: asyncio.Transport | None = None
        self._on_end: OnEnd | None = None
        # One for all its answers: what follows one unasked ends the connection.
        self._parser = httptools.HttpResponseParser(self)
        # Nothing of the headers is passed on: odd bytes in them do no harm.
        self._parser.set_dangerous_leniencies(lenient_headers=True)
        self._begin()

    def send(self, request: bytes, on_end: OnEnd) -> None:
        """Send a request; `on_end` is called once, later, unless it is cut."""
        self._on_end = on_end
        self.is_reusable = False
        self._begin()
        if self._transport is None or self._transport.is_closing():
            loop = asyncio.get_running_loop()
            loop.call_soon(self._break, ConnectionResetError())
            return
        self._transport.write(request)

    def cut(self) -> None:
        """End it now, whatever is under way; nobody is told."""
        self._on_end = None
        self.is_reusable = False
        if self._transport is not None:
            self._transport.abort()

    def _begin(self) -> None:
        self._received = 0
        self._head_bytes = 0
        self._status: int | None = None
        self._retry_after: str | None = None
        self._has_length = False
        self._is_complete = False
        self._keeps_alive = False
        self._body = bytearray()

    # asyncio's calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read what came; all that is unasked for ends the connection."""
        if self._on_end is None:
            self.cut()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._finish(_SWITCHING)
        except httptools.HttpParserError:
            if not self._is_complete:
                self._break(self._fault())
            else:
                self._keeps_alive = False
        if self._head_bytes > MAX_HEAD_BYTES:
            self._status = None
            self._break(AnswerTooLong(f"over {MAX_HEAD_BYTES} bytes of headers"))
        elif self._is_complete:
            self._finish(self._status)
        elif self._received > MAX_WIRE_BYTES:
            self._give_up()

    def eof_received(self) -> None:
        """Leave the rest to `connection_lost`."""

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is under way."""
        self.is_reusable = False
        if self._on_end is None:
            self._on_idle_end(self)
        elif exc is not None:
            self._break(exc)
        elif self._status is not None and not self._has_length:
            self._finish(self._status)  # its end is the connection's
        elif self._received:
            self._break(http.client.IncompleteRead(b""))
        else:
            self._break(http.client.RemoteDisconnected("closed"))

    # httptools' calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note the few that matter."""
        self._head_bytes += len(name) + len(value)
        known = name.lower()
        if known in _LENGTHS:
            self._has_length = True
        elif known == b"retry-after":
            self._retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Note the status, unless it is an interim one."""
        status = self._parser.get_status_code()
        if status >= _FIRST_FINAL and not self._is_complete:
            self._status = status
            self._keeps_alive = self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        """Keep what fits."""
        if not self._is_complete:
            self._body += data
            if len(self._body) > MAX_READ_BYTES:
                self._is_complete, self._keeps_alive = True, False

    def on_message_begin(self) -> None:
        """Note what follows an answer unasked; forget what an interim one said."""
        if self._is_complete:
            self._keeps_alive = False
        else:
            self._has_length, self._retry_after = False, None

    def on_message_complete(self) -> None:
        """End the answer, unless it was an interim one."""
        if self._status is not None:
            self._is_complete = True

    # How it ends.

    def _give_up(self) -> None:
        if self._status is None:
            self._break(AnswerTooLong(f"over {MAX_WIRE_BYTES} bytes"))
        else:
            self._keeps_alive = False
            self._finish(self._status)

    def _fault(self) -> Exception:
        if self._status is None:
            return http.client.HTTPException()
        return http.client.IncompleteRead(b"")

    def _finish(self, status: int | None) -> None:
        on_end, self._on_end = self._on_end, None
        transport = self._transport
        if on_end is None or status is None or transport is None:
            return
        unsent = transport.get_write_buffer_size()
        self.is_reusable = (
            self._keeps_alive and not unsent and not transport.is_closing()
        )
        if not self.is_reusable:
            transport.abort()
        self.is_fresh = False
        body = bytes(self._body[:MAX_READ_BYTES])
        on_end(self, Answer(status, self._retry_after, body))

    def _break(self, error: Exception) -> None:
        on_end, self._on_end = self._on_end, None
        self.cut()
        if on_end is not None:
            on_end(self, NoAnswer(error, self._status, not self._received))
