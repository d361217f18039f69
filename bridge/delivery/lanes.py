# SPDX-License-Identifier: Apache-2.0
"""The lanes of all listeners: made when they are needed, forgotten when they are not.

Lives on the event loop. A lane without anything in it is kept as long as its endpoint
is not called as usual; else a new one would know nothing of that.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Final

from bridge.delivery.flight import Flight
from bridge.delivery.gate import Gate
from bridge.delivery.lane import Lane
from bridge.model import Listener, ListenerId

FORGET_AFTER: Final = timedelta(hours=1)
"""A lane that nothing came to for so long is forgotten, however its endpoint was."""


class Lanes:
    """Each listener's lane."""

    def __init__(self) -> None:
        self._lanes: dict[ListenerId, Lane[Flight]] = {}
        self._used_at: dict[ListenerId, datetime] = {}  # of those that may be idle
        self._backlogs: Collection[ListenerId] = ()

    def __iter__(self) -> Iterator[Lane[Flight]]:
        """Yield every lane; some may be forgotten meanwhile."""
        yield from list(self._lanes.values())

    def __getitem__(self, listener_id: ListenerId) -> Lane[Flight]:
        """Return the lane of a listener that something is under way to."""
        return self._lanes[listener_id]

    @property
    def broken(self) -> int:
        """How many have a breaker that is not closed."""
        lanes = self._lanes.values()
        return sum(not lane.gate.breaker.is_closed for lane in lanes)

    def gates(self) -> Iterator[tuple[ListenerId, Gate]]:
        """Yield each listener's gate."""
        yield from ((name, lane.gate) for name, lane in self._lanes.items())

    def of(self, listener: Listener, wait: timedelta, now: datetime) -> Lane[Flight]:
        """Return a listener's lane, after the listener as it is now.

        Args:
            listener: Whose.
            wait: Who would wait longer in the lane is parked.
            now: The time.
        """
        lane = self._lanes.get(listener.id)
        if lane is None:
            lane = Lane(Gate(listener.max_in_flight), wait)
            lane.has_backlog = listener.id in self._backlogs
            self._lanes[listener.id] = lane
            self._used_at[listener.id] = now
        lane.wait = wait
        lane.gate.adopt(listener.max_in_flight, listener.rate, now)
        return lane

    def note_backlogs(self, listener_ids: Collection[ListenerId]) -> None:
        """Keep slots free for the due deliveries of these listeners, and no others."""
        self._backlogs = listener_ids
        for listener_id, lane in self._lanes.items():
            lane.has_backlog = listener_id in listener_ids

    def note_use(self, listener_id: ListenerId, now: datetime) -> None:
        """Forget a lane that has become idle, or keep in mind when it has."""
        lane = self._lanes[listener_id]
        if not lane.is_idle:
            return
        if lane.gate.is_untouched(now):
            self._forget(listener_id)
        else:
            self._used_at[listener_id] = now

    def tidy(self, now: datetime) -> None:
        """Forget the lanes that are of no use any more."""
        for listener_id, used_at in list(self._used_at.items()):
            lane = self._lanes[listener_id]
            is_old = now - used_at > FORGET_AFTER
            if lane.is_idle and (is_old or lane.gate.is_untouched(now)):
                self._forget(listener_id)

    def _forget(self, listener_id: ListenerId) -> None:
        del self._lanes[listener_id]
        self._used_at.pop(listener_id, None)
