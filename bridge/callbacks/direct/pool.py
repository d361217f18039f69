# SPDX-License-Identifier: Apache-2.0
"""Connections kept for the next request to the same place, the last used first."""

import time
from collections import defaultdict
from typing import Final

from bridge.callbacks.connections import MAX_OPEN
from bridge.callbacks.direct.connection import Connection
from bridge.callbacks.direct.head import Origin
from bridge.callbacks.guard import Guard

MAX_IDLE_SECONDS: Final = 60.0
"""What has been idle for longer is not used: what stands between may have forgotten it."""


class Pool:
    """Keeps `MAX_OPEN` connections at most; the longest idle makes room for another."""

    def __init__(self) -> None:
        self._idle: defaultdict[Origin, dict[Connection, float]] = defaultdict(dict)
        self._places: dict[Connection, Origin] = {}  # the longest idle first

    def take(self, guard: Guard, origin: Origin) -> Connection | None:
        """Return a connection that may be used, no longer kept.

        Args:
            guard: What another one has let through is of no use.
            origin: Where to.
        """
        idle = self._idle.get(origin)
        while idle:
            connection, since = next(reversed(idle.items()))
            self.drop(connection)
            is_young = time.monotonic() - since <= MAX_IDLE_SECONDS
            if connection.is_reusable and is_young and connection.guard is guard:
                return connection
            connection.cut()
        return None

    def keep(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection, or cut one off if there are too many."""
        self._idle[origin][connection] = time.monotonic()
        self._places[connection] = origin
        if len(self._places) > MAX_OPEN:
            oldest = next(iter(self._places))
            self.drop(oldest)
            oldest.cut()

    def drop(self, connection: Connection) -> None:
        """Forget a connection, if it is kept."""
        origin = self._places.pop(connection, None)
        if origin is None:
            return
        idle = self._idle[origin]
        del idle[connection]
        if not idle:
            del self._idle[origin]

    def empty(self) -> None:
        """Cut off all that is kept."""
        for connection in tuple(self._places):
            self.drop(connection)
            connection.cut()
