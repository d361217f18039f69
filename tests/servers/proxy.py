# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that swallows bytes or cuts connections when it is told to."""

import contextlib
import socket
import struct
import threading
from typing import Final, Self
from urllib.parse import urlsplit, urlunsplit

_HOST: Final = "127.0.0.1"
_CHUNK_BYTES: Final = 65536
_END_WITHIN_SECONDS: Final = 10
_RESET: Final = struct.pack("ii", 1, 0)  # to linger for no time: closing sends a RST


class Proxy:
    """Between clients and a server, as a context manager.

    Example::

        with Proxy(amqp_url) as proxy:
            connection = kombu.Connection(proxy.url)

    Attributes:
        url: What clients are given instead of the server's.
        connections: How many there were so far.
        left_by_server: How many of them the server ended.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._listening = socket.create_server((_HOST, 0))
        port = self._listening.getsockname()[1]
        user, at, _ = parts.netloc.rpartition("@")
        self.url = urlunsplit(parts._replace(netloc=f"{user}{at}{_HOST}:{port}"))
        self.connections = 0
        self.left_by_server = 0
        self._open: set[socket.socket] = set()
        self._dead: set[socket.socket] = set()
        self._left: int | None = None
        self._refuses = self._swallows = False
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.reset()
        for thread in self._threads:
            thread.join(_END_WITHIN_SECONDS)

    def swallow(self) -> None:
        """Let nothing more through on the connections there are; new ones are whole."""
        self._dead |= self._open

    def refuse(self) -> None:
        """Reset all connections, also those to come, until `mend`."""
        self._refuses = True
        self.reset()

    def swallow_all(self) -> None:
        """Let nothing through on any connection, also those to come, until `mend`."""
        self._swallows = True
        self.swallow()

    def mend(self) -> None:
        """Be whole again; what was swallowed is lost with its connections."""
        self._refuses = self._swallows = False
        self.reset()

    def cut_after(self, count: int) -> None:
        """Reset all connections once clients have sent so many more bytes."""
        self._left = count

    def reset(self) -> None:
        """Reset the connections there are."""
        victims, self._open = self._open, set()
        for one in victims:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                one.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
            one.close()

    def _start(self, job, *args) -> None:
        thread = threading.Thread(target=job, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self._refuses:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                self.connections += 1
                self._open.update((client, server))
                if self._swallows:
                    self.swallow()
                self._start(self._pump, client, server, self._upwards)
                self._start(self._pump_down, server, client)

    def _pump_down(self, server, client) -> None:
        self._pump(server, client, lambda data: data)
        self.left_by_server += 1

    def _pump(self, source, sink, let_through) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                if source not in self._dead:
                    sink.sendall(let_through(data))
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _upwards(self, data: bytes) -> bytes:
        if self._left is None:
            return data
        part, self._left = data[: self._left], self._left - len(data)
        if self._left <= 0:
            self._left = None
            self.reset()
        return part
