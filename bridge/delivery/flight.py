# SPDX-License-Identifier: Apache-2.0
"""What is in memory about an event while its listeners are being told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.delivery.recorder import Landed
from bridge.model import Attempt, Call, Delivery, DeliveryId, Envelope, Listener
from bridge.store.journal import Entry


@dataclass(slots=True, eq=False)
class Arrival:
    """An event that came in, until how it stands with each listener is recorded.

    Attributes:
        landed: Told None once all of it is safe in the database, or why it will never
            be.
        started: Monotonic seconds.
        open: Deliveries of which nothing is known yet that could be recorded.
        standing: The others, as they stand now.
        held: Ids of those among them that are being attempted.
        in_order: Deliveries that wait for their turn: they are told from the database.
        is_recorded: From then on, each delivery is recorded by itself.
        is_refused: Then nothing of it is recorded any more.
    """

    envelope: Envelope
    received_at: datetime
    started: float
    landed: Landed
    open: "dict[DeliveryId, Flight]" = field(default_factory=dict)
    standing: dict[DeliveryId, Delivery] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    held: set[DeliveryId] = field(default_factory=set)
    in_order: tuple[Delivery, ...] = ()
    is_recorded: bool = False
    is_refused: bool = False

    def board(self, listeners: Sequence[Listener]) -> "list[Flight]":
        """Return the flights to these listeners; those who are ordered have none."""
        told = [
            (one, Delivery.new(self.envelope, one, self.received_at))
            for one in listeners
        ]
        self.in_order = tuple(delivery for one, delivery in told if one.ordered)
        return [
            Flight(delivery, one, self.envelope, self)
            for one, delivery in told
            if not one.ordered
        ]

    def entry(self) -> Entry:
        """Return what is to be written."""
        return Entry(
            arrived=(self.envelope, self.received_at),
            deliveries=(*self.standing.values(), *self.in_order),
            attempts=tuple(self.attempts),
            held=frozenset(self.held),
        )


@dataclass(slots=True, eq=False)
class Flight:
    """A delivery that has a slot in its lane, or waits for one.

    Attributes:
        arrival: What it came with; None where it came from the database.
    """

    delivery: Delivery
    listener: Listener
    envelope: Envelope
    arrival: Arrival | None
    is_started: bool = False

    def call(self, wait: timedelta | None) -> Call:
        """Return what a callback is handed for the next attempt; see `Call`."""
        return Call(
            delivery_id=self.delivery.id,
            attempt=self.delivery.attempts + 1,
            listener=self.listener,
            envelope=self.envelope,
            wait=wait,
        )

    @property
    def was_parked(self) -> bool:
        """Whether it came from the database."""
        return self.arrival is None

    @property
    def size(self) -> int:
        """Bytes that it keeps in memory."""
        return len(self.envelope.body)
