# SPDX-License-Identifier: Apache-2.0
"""urllib3's connections, taught to go where the guard says and to be cut off.

urllib3 has no total time limit, and no way to hand a connection what belongs to one
request. Here each request is a `Flight`, known to the connection that carries it; the
thread that begins a flight is busy with it until its end, any other may cut it.
"""
# ruff: noqa: ANN401 - what is Any here is urllib3's, and passed on to it

import http.client
import io
import socket
import threading
import time
import weakref
from contextlib import suppress
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from bridge.callbacks.guard import Guard, SocketAddress, Target
from bridge.model import CertificateAuth

MAX_WIRE_BYTES: Final = 256 * 1024
"""So much is received of one answer: interim ones, headers, framing and body."""

MAX_OPEN: Final = 512
"""Beyond, a connection is closed after use instead of being kept for the next."""

_MAX_DIALLED: Final = 4
_INTERIM: Final = 100
_SWITCHING: Final = 101
_FIRST_FINAL: Final = 200


class AnswerTooLong(OSError):
    """More was received of one answer than `MAX_WIRE_BYTES`."""


class Flight:
    """One request on its way, which another thread may cut off.

    Attributes:
        deadline: Of `time.monotonic`.
        certificate: Shown to a receiver that asks for one.
        is_fresh: It travels on a connection of its own making, not on a kept one.
    """

    def __init__(
        self, deadline: float, certificate: CertificateAuth | None = None
    ) -> None:
        self.deadline = deadline
        self.certificate = certificate
        self.is_fresh = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    @property
    def is_cut(self) -> bool:
        """Whether it has been cut off."""
        return self._is_cut

    @property
    def remaining(self) -> float:
        """Seconds to the deadline; a little more than nothing when it has passed."""
        return max(0.001, self.deadline - time.monotonic())

    def board(self, one: socket.socket) -> None:
        """Note the socket that the request travels on from now on."""
        with self._lock:
            if self._is_cut:
                raise ConnectionAbortedError("cut off")
            self._socket = one

    def leave(self) -> None:
        """Forget the socket: it is about to serve others."""
        with self._lock:
            self._socket = None

    def cut(self) -> None:
        """End it: whoever waits on its socket wakes up with an error."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with suppress(OSError):  # it may have ended by itself
                    # Not SSLSocket's own: for a moment that one would let a
                    # writer go on in clear text.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Tower:
    """What all connections of one adapter share.

    Attributes:
        guard: Says which addresses may be reached; may change.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.local = threading.local()
        self.open: weakref.WeakSet[_Connection] = weakref.WeakSet()

    @property
    def flight(self) -> Flight:
        """The flight that this thread is busy with."""
        flight: Flight = self.local.flight
        return flight

    def dial(self, target: Target) -> socket.socket:
        """Return a socket connected to an address that the guard has checked."""
        addresses = self.guard.resolve(target)[:_MAX_DIALLED]
        flight = self.flight
        failure: OSError = TimeoutError("the look-up took all the time")
        if flight.is_cut:
            raise failure
        for place, address in enumerate(addresses):
            # One that swallows everything leaves time for the others.
            share = flight.remaining / (len(addresses) - place)
            try:
                connected = _connect(address, share)
            except OSError as err:
                failure = err
            else:
                connected.settimeout(flight.remaining)  # for the TLS handshake
                return connected
        raise failure


class _Metered(io.RawIOBase):
    """Reads no more than `MAX_WIRE_BYTES`."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._left = MAX_WIRE_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise AnswerTooLong(f"over {MAX_WIRE_BYTES} bytes")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Metered(self.fp.detach()))

    def begin(self) -> None:
        """Read the head of the answer, and of interim ones before it.

        `http.client` knows 100 alone, and takes any other for the answer.
        """
        super().begin()
        while _INTERIM <= self.status < _FIRST_FINAL and self.status != _SWITCHING:
            self.headers = self.msg = None  # type: ignore[assignment] # begin anew
            super().begin()


class _Connection(HTTPConnection):
    response_class = _Answer

    def __init__(self, *args: Any, tower: Tower, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tower = tower
        self._guard: Guard | None = None

    @property
    def is_connected(self) -> bool:
        """Whether it may be used again; not if another guard has come since."""
        return self._guard is self._tower.guard and bool(super().is_connected)

    def _new_conn(self) -> socket.socket:
        return self._tower.dial(Target(self._dns_host, self.port))

    def connect(self) -> None:
        flight = self._tower.flight
        flight.is_fresh = True
        self._guard = self._tower.guard
        super().connect()
        self._tower.open.add(self)
        flight.board(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            self._tower.flight.board(self.sock)
        super().request(*args, **kwargs)

    def close(self) -> None:
        self._tower.open.discard(self)
        super().close()

    def leave(self) -> None:
        """End one request's use of it."""
        self._tower.flight.leave()
        if len(self._tower.open) > MAX_OPEN:
            self.close()


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.leave()
        super()._put_conn(conn)


class _TlsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class Pools(PoolManager):
    """Keeps connections, so many for each of so many hosts."""

    def __init__(self, tower: Tower, num_pools: int, **kwargs: Any) -> None:
        super().__init__(num_pools, **kwargs)
        self._tower = tower
        self.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def _new_pool(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        pool = super()._new_pool(*args, **kwargs)
        pool.conn_kw["tower"] = self._tower
        return pool


def _connect(address: SocketAddress, timeout: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.settimeout(timeout)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.connect(address)
    except BaseException:
        one.close()
        raise
    return one
