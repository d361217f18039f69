# SPDX-License-Identifier: Apache-2.0
"""Leaves deliveries to the database, and holds those whose attempts go on.

Lives on the event loop.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bridge.delivery.flight import Flight
from bridge.delivery.logbook import Logbook
from bridge.model import Listener

LEASE_MARGIN: Final = timedelta(seconds=5)
"""An attempt's lease outlasts the attempt's time limit by this."""


class Parking:
    """Where deliveries wait that hold no slot.

    Args:
        logbook: Has it recorded.
        now: The time that all bridges on the database agree on.
    """

    def __init__(self, logbook: Logbook, now: Callable[[], datetime]) -> None:
        self._logbook = logbook
        self._now = now

    def park(self, flight: Flight) -> None:
        """Leave a delivery to the database; its attempt, if there is one, goes on."""
        now = self._now()
        wait = lease_of(flight.listener) if flight.is_started else _wait_of(flight)
        until = now + wait
        flight.delivery = replace(flight.delivery, due_at=until, updated_at=now)
        self._logbook.note(flight, is_held=flight.is_started)

    def park_all(self, flights: Iterable[Flight]) -> None:
        """Leave to the database all who waited in a lane for a slot."""
        for flight in flights:
            self.park(flight)
            self._logbook.record_if_known(flight.arrival)

    def renew_lease(self, flight: Flight) -> None:
        """Let no other bridge take what has waited here for a slot."""
        now = self._now()
        until = now + lease_of(flight.listener)
        known = flight.delivery.due_at
        if known is None or until - known > LEASE_MARGIN / 2:
            flight.delivery = replace(flight.delivery, due_at=until, updated_at=now)
            self._logbook.note(flight, is_held=True)


def lease_of(listener: Listener) -> timedelta:
    """Return how long other bridges leave an attempt alone, from its start."""
    return listener.callback.timeout + LEASE_MARGIN


def _wait_of(flight: Flight) -> timedelta:
    """Return how long a delivery may wait for others to go with it."""
    batching = flight.listener.callback.batch
    return timedelta() if batching is None else batching.max_wait
