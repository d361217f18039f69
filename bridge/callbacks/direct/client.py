# SPDX-License-Identifier: Apache-2.0
"""Tells listeners by webhook, on the event loop alone; fast rather than general.

It shows no certificate of a listener's and knows no proxies: the client on requests
does. Both read a receiver's answer by the same rules, and pass the same tests.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Final

from bridge.callbacks.answer import LATE, answered
from bridge.callbacks.attempts import Attempt, Attempts
from bridge.callbacks.direct.connection import Answer, Connection, End
from bridge.callbacks.direct.dialling import Dialler
from bridge.callbacks.direct.head import Head, event_lines, request_of
from bridge.callbacks.direct.pool import Pool
from bridge.callbacks.failures import explain, is_hang_up, is_timeout
from bridge.callbacks.guard import Guard
from bridge.callbacks.request import check_webhook, own_name
from bridge.callbacks.shares import Shares
from bridge.callbacks.trust import trust
from bridge.errors import Invalid
from bridge.gathering import Gathering
from bridge.model import Call, CallbackSpec, Envelope, ListenerId, Outcome, OutcomeKind

DEFAULT_CONNECTIONS: Final = 1024
MAX_HEADS: Final = 10_000

# What the network does; all else is the bridge's own fault.
_FORESEEN: Final = (OSError, HTTPException)

_log: Final = logging.getLogger(__name__)


class _Trip:
    """One attempt's way: on a connection, or on the way to one."""

    __slots__ = ("attempt", "connection", "dialling", "head", "is_under_way")

    def __init__(self, attempt: Attempt, head: Head) -> None:
        self.attempt = attempt
        self.head = head
        self.connection: Connection | None = None
        self.dialling: asyncio.Task[None] | None = None
        self.is_under_way = False

    @property
    def url(self) -> str | None:
        """Where to."""
        return self.attempt.call.listener.callback.url


class DirectCallback:
    """The `Callback` for webhooks that need nothing special.

    Args:
        loop: Everything here runs on it.
        guard: Says which addresses may be reached.
        connections: So many attempts at a time, at most half of them to one URL;
            others wait in line, and their time runs. Default: 1024.
        user_agent: Default: ``workflow-notifier/<version>``.
        ca_bundle: PEM file of the authorities to trust. Default: those of certifi.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        guard: Guard,
        *,
        connections: int = DEFAULT_CONNECTIONS,
        user_agent: str | None = None,
        ca_bundle: Path | None = None,
    ) -> None:
        self._loop = loop
        self._guard = guard
        self._user_agent = own_name() if user_agent is None else user_agent
        self._shares: Shares[str | None, _Trip] = Shares(connections)
        self._attempts = Attempts(loop, "no connection free for")
        self._pool = Pool()
        self._dialler = Dialler(loop, trust(ca_bundle), self._pool.drop)
        self._heads: dict[ListenerId, Head] = {}
        self._event: tuple[Envelope, bytes] | None = None
        self._incoming: Gathering[tuple[_Trip, Connection, End]] = Gathering(
            self._take_in
        )
        self._outgoing: Gathering[tuple[_Trip, Connection]] = Gathering(self._send)
        self._is_closed = False

    def check(self, spec: CallbackSpec) -> None:
        """Refuse a URL, method, header or timeout that cannot be; see `Callback`."""
        check_webhook(spec, self._guard)

    def obey(self, guard: Guard) -> None:
        """Reach what another guard allows from now on, and nothing else; any thread."""
        self._guard = guard
        self._loop.call_soon_threadsafe(self._pool.empty)

    def submit(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Start one attempt; see `Callback`."""
        attempt = self._attempts.begin(call, done)
        if attempt is None:
            return
        try:
            self._guard.check_scheme(call.listener.callback.url or "")
            trip = _Trip(attempt, self._head(call))
        except Exception as err:  # noqa: BLE001 - a loop's edge: told, if not foreseen logged
            self._loop.call_soon(self._attempts.end, attempt, _failed(attempt, err))
            return
        attempt.cut = partial(self._cut, trip)
        if self._shares.enter(trip.url, trip):
            self._start(trip)

    def close(self) -> None:
        """End what is open; see `Callback`. Blocks for about a second at most."""
        if self._is_closed:
            return
        self._is_closed = True
        self._attempts.close()
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._pool.empty)
        self._dialler.close()

    def _head(self, call: Call) -> Head:
        listener = call.listener
        head = self._heads.get(listener.id)
        # The same listener comes from the index, and from the database anew.
        if head is None or not (head.listener is listener or head.listener == listener):
            if len(self._heads) >= MAX_HEADS:
                self._heads.clear()
            head = self._heads[listener.id] = Head.of(listener, self._user_agent)
        return head

    def _start(self, trip: _Trip) -> None:
        trip.is_under_way = True
        trip.attempt.late = LATE
        self._board(trip)

    def _board(self, trip: _Trip) -> None:
        connection = self._pool.take(self._guard, trip.head.origin)
        if connection is None:
            trip.dialling = self._loop.create_task(self._dial(trip))
        else:
            trip.connection = connection
            self._outgoing.add((trip, connection))

    async def _dial(self, trip: _Trip) -> None:
        attempt = trip.attempt
        try:
            connection = await self._dialler.dial(
                self._guard, trip.head.origin, attempt.started + attempt.seconds
            )
        except Exception as err:  # noqa: BLE001 - a task's edge: told, if not foreseen logged
            self._end(trip, _failed(attempt, err))
            return
        trip.dialling = None
        if connection.guard is self._guard:
            trip.connection = connection
            self._outgoing.add((trip, connection))
        else:
            connection.cut()
            self._board(trip)

    def _send(self, some: Sequence[tuple[_Trip, Connection]]) -> None:
        now = int(time.time())
        written = [(*one, self._request(one[0], now)) for one in some]
        for trip, connection, request in written:
            if request is not None:
                connection.send(request, partial(self._came_back, trip))

    def _request(self, trip: _Trip, now: int) -> bytes | None:
        """Return what is to be sent; None: it is over already."""
        if trip.attempt not in self._attempts:
            return None  # its time was up, and its connection is cut
        call = trip.attempt.call
        try:
            return request_of(trip.head, self._lines(call.envelope), call, now)
        except Exception as err:  # noqa: BLE001 - a loop's edge: the others are not at fault
            self._cut(trip)
            self._attempts.end(trip.attempt, _failed(trip.attempt, err))
            return None

    def _lines(self, envelope: Envelope) -> bytes:
        if self._event is None or self._event[0] is not envelope:
            self._event = (envelope, event_lines(envelope))
        return self._event[1]

    def _came_back(self, trip: _Trip, connection: Connection, end: End) -> None:
        self._incoming.add((trip, connection, end))

    def _take_in(self, some: Sequence[tuple[_Trip, Connection, End]]) -> None:
        for trip, connection, end in some:
            try:
                self._come_back(trip, connection, end)
            except Exception as err:  # noqa: BLE001 - a loop's edge: the others are not at fault
                self._end(trip, _failed(trip.attempt, err))

    def _come_back(self, trip: _Trip, connection: Connection, end: End) -> None:
        attempt = trip.attempt
        trip.connection = None
        if isinstance(end, Answer):
            if connection.is_reusable:
                self._pool.keep(trip.head.origin, connection)
            self._end(trip, answered(attempt, end.status, end.retry_after, end.body))
        elif not connection.is_fresh and end.is_nothing and is_hang_up(end.error):
            # A receiver may close a kept connection just as it is used again. That
            # is no failure, and ends: each try uses one up.
            self._board(trip)
        else:
            attempt.status = end.status
            self._end(trip, _failed(attempt, end.error))

    def _end(self, trip: _Trip, outcome: Outcome) -> None:
        self._make_room(trip)
        self._attempts.end(trip.attempt, outcome)

    def _cut(self, trip: _Trip) -> None:
        if trip.connection is not None:
            trip.connection.cut()
        if trip.dialling is not None:
            trip.dialling.cancel()
        self._make_room(trip)

    def _make_room(self, trip: _Trip) -> None:
        if not trip.is_under_way:
            return
        trip.is_under_way = False
        left = deque([trip.url])
        while left and not self._is_closed:
            for one in self._shares.leave(left.popleft()):
                if one.attempt in self._attempts:
                    self._start(one)
                else:  # its time was up while it waited
                    left.append(one.url)


def _failed(attempt: Attempt, err: Exception) -> Outcome:
    if isinstance(err, Invalid):
        return attempt.outcome(OutcomeKind.BLOCKED, error=err.reason)
    if is_timeout(err):
        return attempt.timed_out()
    error = explain(err)
    if not isinstance(err, _FORESEEN):
        _log.error("an attempt failed in the bridge itself", exc_info=err)
        error = f"the bridge failed: {type(err).__name__}"
    return attempt.outcome(OutcomeKind.FAILED, error=error)
