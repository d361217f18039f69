# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that swallows bytes, crumbles them or cuts connections when told to."""

import contextlib
import socket
import struct
import threading
from typing import Final, Literal, Self
from urllib.parse import urlsplit, urlunsplit

_HOST: Final = "127.0.0.1"
_CHUNK_BYTES: Final = 65536
_END_WITHIN_SECONDS: Final = 10
Sender = Literal["clients", "server"]

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
        self._left: dict[Sender, int] = {}
        self._refuses = self._swallows = self._crumbles = False
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

    def crumble(self) -> None:
        """From now on, let every byte through in a segment of its own."""
        self._crumbles = True

    def cut_after(self, count: int, sender: Sender = "clients") -> None:
        """Reset all connections once so many more bytes of one side went through."""
        self._left[sender] = count

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
                self._start(self._pump, client, server, "clients")
                self._start(self._pump_down, server, client)

    def _pump_down(self, server, client) -> None:
        self._pump(server, client, "server")
        self.left_by_server += 1

    def _pump(self, source, sink, sender: Sender) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                if source not in self._dead:
                    self._send(sink, self._until_cut(data, sender))
                    if self._left.get(sender) == 0:
                        del self._left[sender]
                        self.reset()
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _send(self, sink, data: bytes) -> None:
        if not self._crumbles:
            sink.sendall(data)
            return
        sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(len(data)):
            sink.sendall(data[place : place + 1])

    def _until_cut(self, data: bytes, sender: Sender) -> bytes:
        left = self._left.get(sender)
        if left is None:
            return data
        self._left[sender] = max(left - len(data), 0)
        return data[:left]
