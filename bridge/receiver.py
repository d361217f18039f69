# SPDX-License-Identifier: Apache-2.0
"""A small webhook receiver, for trying things out: reads, verifies, hands over, answers.

In threads, one a connection; connections are kept alive.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import Any, Final, Self

from bridge.verify import VerificationError, verify

MAX_BODY_BYTES: Final = 2 * 1024 * 1024

_IDLE_SECONDS: Final = 60
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """One request.

    Attributes:
        path: With its query.
        headers: Names in lower case.
        verified: None where no secret was known to verify it with.
        reason: Why it is not verified.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    verified: bool | None = None
    reason: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered with.

    Attributes:
        headers: Beside those of the connection and of the body's length.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


Secrets = str | Callable[[str], Iterable[str]] | None
Answer = Callable[[Received], int | Reply]


def accept(_: Received) -> int:
    """Answer any request with 200."""
    return HTTPStatus.OK


class Receiver:
    """Listens from the start of the context to its end.

    Args:
        host: Address to listen on.
        port: 0 for one that is free.
        secret: ``whsec_…``, or a function from the request's path to those that may
            have signed it. Default: nothing is verified.
        on_delivery: Called with each request before it is answered, on the
            connection's thread.
        answer: Says the status to answer with, or the whole reply; may take its time.
            Default: 200.

    Raises:
        OSError: At the start: it cannot listen there.

    Example:
        >>> import urllib.request
        >>> received = []
        >>> with Receiver("127.0.0.1", 0, on_delivery=received.append) as receiver:
        ...     url = receiver.url + "/hook"
        ...     status = urllib.request.urlopen(url, b"{}").status
        >>> status, received[0].path, received[0].body
        (200, '/hook', b'{}')
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        secret: Secrets = None,
        on_delivery: Callable[[Received], object],
        answer: Answer = accept,
    ) -> None:
        self._host = host
        self._wanted = port
        self._secret = secret
        self._on_delivery = on_delivery
        self._answer = answer
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._server = _Server((self._host, self._wanted), self._handle)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="receiver"
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._server is None:
            raise RuntimeError("the receiver listens within its context only")
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """``http://host:port``, without a path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    def _handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        verified, reason = self._verify(path, headers, body)
        received = Received(path, headers, body, verified, reason, method)
        self._on_delivery(received)
        answer = self._answer(received)
        return answer if isinstance(answer, Reply) else Reply(answer)

    def _verify(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[bool | None, str | None]:
        secrets: Iterable[str] = ()
        if isinstance(self._secret, str):
            secrets = (self._secret,)
        elif self._secret is not None:
            secrets = self._secret(path)
        reason = None
        for secret in secrets:
            try:
                verify(secret, headers, body)
            except (VerificationError, ValueError) as err:
                reason = reason or str(err)
            else:
                return True, None
        return (None if reason is None else False), reason


Handle = Callable[[str, str, Mapping[str, str], bytes], Reply]


class _Server(ThreadingMixIn, TCPServer):
    """Unlike `http.server.HTTPServer` it looks up no names."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handle: Handle) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.handle_delivery = handle
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as socketserver has it
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        # Threads that wait for a next request wake up, so that joining them ends.
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):  # it has just ended by itself
                    connection.shutdown(socket.SHUT_RD)
        super().server_close()

    def handle_error(self, _request: object, _client_address: object) -> None:
        _log.exception("a request could not be answered")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # One packet an answer, and none that waits for another's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self._reply(Reply(HTTPStatus.LENGTH_REQUIRED), close=True)
            return
        if len(length) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES:
            self._reply(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE), close=True)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._reply(self.server.handle_delivery(self.command, self.path, headers, body))

    do_PUT = do_POST  # noqa: N815 - as http.server names methods
    do_PATCH = do_POST  # noqa: N815 - as http.server names methods

    def log_message(self, _format: str, *_: object) -> None:
        """Say nothing: what arrives is `on_delivery`'s to tell."""

    def _reply(self, reply: Reply, *, close: bool = False) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)
