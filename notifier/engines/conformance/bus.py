# SPDX-License-Identifier: Apache-2.0
"""A bus that engines in any process reach by URL, and that can be away or slow.

It speaks as a bridge does at its HTTP door, on a free port of 127.0.0.1, so that nothing
has to be installed or configured.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol, Self, assert_never

from notifier.engines.conformance.work import PROJECT, SECRET, TIMEOUT
from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.notifier import Notifier
from notifier.publishers.http import HttpPublisher
from notifier.wire import from_http

_LONGEST_WAIT_SECONDS: Final = 60


class State(Enum):
    """How a bus is."""

    UP = "up"
    AWAY = "away"
    """Takes no event."""
    SLOW = "slow"
    """Takes no event either, and says so to nobody."""


class Bus(Protocol):
    """What a bench knows of a bus. Safe to share between threads."""

    def be(self, state: State) -> None:
        """Be up, away or slow from now on."""

    def arrived(
        self, is_enough: Callable[[Sequence[Event]], bool], within: timedelta
    ) -> list[Event]:
        """Return all that has arrived so far, in its order.

        Waits until it is enough, but not longer than `within`.
        """


class HttpBus:
    """The `Bus` that comes with this package, as a context manager.

    Attributes:
        url: For ``connect(url)`` or ``HttpPublisher(url)``, in any process of this
            machine. It holds a password, which must not show anywhere.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._state = State.UP
        self._server = _Server(("127.0.0.1", 0), _Request)
        self._server.bus = self
        port = self._server.server_address[1]
        self.url = f"http://adapter:{SECRET}@127.0.0.1:{port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.be(State.UP)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def notifier(self) -> Notifier:
        """Return a notifier for an engine that runs in this process."""
        return Notifier(
            HttpPublisher(self.url),
            source="/conformance",
            project=PROJECT,
            timeout=TIMEOUT,
        )

    def be(self, state: State) -> None:
        """Be up, away or slow from now on."""
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def arrived(
        self, is_enough: Callable[[Sequence[Event]], bool], within: timedelta
    ) -> list[Event]:
        """Return all that has arrived so far, in its order (see `Bus`)."""
        with self._changed:
            self._changed.wait_for(
                lambda: is_enough(self._events), within.total_seconds()
            )
            return list(self._events)

    def take(
        self, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, Any]] | None:
        """Return the answer to a request; None for no answer at all."""
        with self._changed:
            match self._state:
                case State.UP:
                    return self._accept(headers, body)
                case State.AWAY:
                    return None
                case State.SLOW:
                    self._changed.wait_for(
                        lambda: self._state is not State.SLOW, _LONGEST_WAIT_SECONDS
                    )
                    return None
                case _:
                    assert_never(self._state)

    def _accept(
        self, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, Any]]:
        try:
            self._events += from_http(headers, body)
        except InvalidEvent as err:
            fault = {"field": err.field, "reason": err.reason}
            return 422, {"detail": str(err), "errors": [fault]}
        self._changed.notify_all()
        return 202, {"events": []}


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # an engine may keep its connection open
    block_on_close = False
    bus: HttpBus


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        """Take events in."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.bus.take(headers, body)
        if answer is None:
            self.close_connection = True
            return
        said = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
