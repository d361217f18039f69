# SPDX-License-Identifier: Apache-2.0
"""Has each event recorded whole, and what ends later by itself.

Lives on the event loop. It knows every delivery that this process has in hand, from its
first moment until the last word about it is safe in the database: such a one must not
be started a second time.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from bridge.delivery.flight import Arrival, Flight
from bridge.delivery.recorder import Landed
from bridge.model import Attempt, Delivery, DeliveryId, State
from bridge.store.journal import Entry

Record = Callable[[Entry, Landed | None], None]


class Logbook:
    """What came in and is not recorded yet, and what is in flight.

    Args:
        record: Has an entry written, and calls back (`Recorder`).
        on_waiting: Called when something waits in the database that may be due.
    """

    def __init__(self, record: Record, on_waiting: Callable[[], None]) -> None:
        self._record = record
        self._on_waiting = on_waiting
        self._arrivals: dict[Arrival, None] = {}  # the oldest first
        self._in_hand: set[DeliveryId] = set()

    def has(self, delivery_id: DeliveryId) -> bool:
        """Tell whether a delivery is in flight, or ended but not safe yet."""
        return delivery_id in self._in_hand

    def take_in(self, arrival: Arrival, flights: Collection[Flight]) -> None:
        """Begin with an event and its deliveries."""
        arrival.open = {flight.delivery.id: flight for flight in flights}
        self._arrivals[arrival] = None
        self._in_hand.update(arrival.open)

    def take_back(self, delivery: Delivery) -> None:
        """Begin with a delivery that came from the database."""
        self._in_hand.add(delivery.id)

    def give_back(self, delivery: Delivery, now: datetime) -> None:
        """Leave to the database what came from it, due at once."""
        self._record_alone(replace(delivery, due_at=now))

    def arrivals(self) -> Iterator[Arrival]:
        """Yield what is not recorded yet, the oldest first; it may be, meanwhile."""
        yield from list(self._arrivals)

    def note(
        self, flight: Flight, attempt: Attempt | None = None, *, is_held: bool = False
    ) -> None:
        """Take down how a delivery stands now.

        Args:
            flight: Which.
            attempt: That just ended, if it counts.
            is_held: Whether an attempt is under way, and goes on.
        """
        arrival, delivery = flight.arrival, flight.delivery
        if arrival is None or arrival.is_recorded:
            if arrival is not None and arrival.is_refused:
                self._in_hand.discard(delivery.id)
            else:
                self._record_alone(delivery, attempt, is_held=is_held)
            return
        arrival.open.pop(delivery.id, None)
        arrival.standing[delivery.id] = delivery
        if attempt is not None:
            arrival.attempts.append(attempt)
        if is_held:
            arrival.held.add(delivery.id)
        else:
            arrival.held.discard(delivery.id)

    def record_if_known(self, arrival: Arrival | None) -> None:
        """Record an event if something is known of each of its deliveries."""
        if arrival is None or arrival.open or arrival.is_recorded:
            return
        arrival.is_recorded = True
        del self._arrivals[arrival]
        self._record(arrival.entry(), partial(self._landed, arrival))

    def _record_alone(
        self,
        delivery: Delivery,
        attempt: Attempt | None = None,
        *,
        is_held: bool = False,
    ) -> None:
        entry = Entry(
            deliveries=(delivery,),
            attempts=() if attempt is None else (attempt,),
            held=frozenset({delivery.id} if is_held else ()),
        )
        self._record(entry, None if is_held else partial(self._let_go, delivery))

    def _let_go(self, delivery: Delivery, _refusal: str | None) -> None:
        # If the database does not take it, it is due again when its lease ends.
        self._in_hand.discard(delivery.id)
        if delivery.position is not None:
            self._on_waiting()  # the next one's turn has come

    def _landed(self, arrival: Arrival, refusal: str | None) -> None:
        arrival.is_refused = refusal is not None
        pending = set()
        for delivery_id, delivery in arrival.standing.items():
            if delivery_id not in arrival.held:
                self._in_hand.discard(delivery_id)
                if delivery.state is State.PENDING:
                    pending.add(delivery_id)
        arrival.landed(refusal)
        # What has been tried waits for its retry.
        if pending.difference(one.delivery_id for one in arrival.attempts):
            self._on_waiting()
