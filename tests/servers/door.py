# SPDX-License-Identifier: Apache-2.0
"""A bridge's HTTP door, as small as it gets: ``POST /v1/events`` and a list."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.wire import from_http

_PATH: Final = "/v1/events"


class Door:
    """Takes events in and keeps them, as a context manager.

    Attributes:
        url: Of the bridge whose door it is.
        events: What was accepted, in its order.
        sizes: For each request that was accepted, how many events it held.
        first: Answers to give before any event is accepted: status and problem.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.sizes: list[int] = []
        self.first: list[tuple[int, Mapping[str, Any]]] = []
        self._mutex = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Request)
        self._server.door = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, path, headers, body) -> tuple[int, Mapping[str, Any]]:
        """Return the answer to one request."""
        with self._mutex:
            if self.first:
                return self.first.pop(0)
            if path != _PATH:
                return 404, {"detail": f"there is nothing at {path}"}
            try:
                events = from_http(headers, body)
            except InvalidEvent as err:
                fault = {"field": err.field, "reason": err.reason}
                return 422, {"detail": str(err), "errors": [fault]}
            self.events += events
            self.sizes.append(len(events))
            return 202, {"events": []}


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a client may keep its connection open
    block_on_close = False
    door: Door


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer = self.server.door.take(self.path, headers, body)
        said = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
