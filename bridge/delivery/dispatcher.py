# SPDX-License-Identifier: Apache-2.0
"""Tells listeners: gives each delivery a slot, tries it, and has its outcome recorded.

Lives on the event loop. An event is recorded, all or nothing, as soon as something is
known of each of its deliveries: its outcome, or that it was parked. An attempt that is
still open after a second is parked under this bridge's lease and goes on, so that a slow
endpoint holds no message back.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from bridge.callbacks.callback import Callback
from bridge.delivery.answers import refusal_of
from bridge.delivery.flight import Arrival, Flight
from bridge.delivery.inquiries import Inquiries
from bridge.delivery.lane import Lane, Place
from bridge.delivery.lanes import Lanes
from bridge.delivery.logbook import Logbook
from bridge.delivery.parking import Parking
from bridge.delivery.recorder import Landed, Recorder
from bridge.delivery.retry import decide
from bridge.delivery.terms import Patience, Reports
from bridge.gathering import Gathering
from bridge.model import (
    Attempt,
    Call,
    Delivery,
    Envelope,
    Listener,
    ListenerId,
    Outcome,
    OutcomeKind,
    Question,
)

_log = logging.getLogger(__name__)

_End = tuple[Flight, Call, Outcome]


class Dispatcher:
    """Every listener's lane, and the attempts under way.

    Args:
        callbacks: By the type that a listener names.
        recorder: Where outcomes go.
        reports: Who else is told.
        patience: See `Patience`; may change.
        now: The time that all bridges on the database agree on.

    Attributes:
        patience: As given.
        lanes: Of every listener that something is under way to, or was lately.
    """

    def __init__(
        self,
        callbacks: Mapping[str, Callback],
        recorder: Recorder,
        *,
        reports: Reports,
        patience: Patience,
        now: Callable[[], datetime],
    ) -> None:
        self._callbacks = callbacks
        self._logbook = Logbook(recorder.record, reports.parked)
        self._parking = Parking(self._logbook, now)
        self._inquiries = Inquiries()
        self._reports = reports
        self.patience = patience
        self._now = now
        self.lanes = Lanes()
        self._starts: Gathering[tuple[Flight, Call]] = Gathering(self._submit)
        self._ends: Gathering[_End] = Gathering(self._settle)
        self._running = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._is_paused = False
        self._is_ending = False

    @property
    def running(self) -> int:
        """How many attempts are under way."""
        return self._running

    async def quiet(self) -> None:
        """Return as soon as no attempt is under way."""
        await self._quiet.wait()

    def dispatch(
        self,
        envelope: Envelope,
        listeners: Sequence[Listener],
        landed: Landed,
        question: Question | None = None,
    ) -> None:
        """Tell listeners of an event; `landed` is told once that is recorded."""
        arrival = Arrival(envelope, self._now(), time.monotonic(), landed)
        flights = arrival.board(listeners)
        if question is not None:
            told = {flight.delivery.id: flight.listener for flight in flights}
            self._inquiries.open(question, told)
        # Of a copy that was recorded before, an attempt may still be under way.
        flights = [one for one in flights if not self._logbook.has(one.delivery.id)]
        self._logbook.take_in(arrival, flights)
        for flight in flights:
            self._offer(flight, arrival.received_at)
        self._logbook.record_if_known(arrival)

    def resume(
        self, delivery: Delivery, listener: Listener, envelope: Envelope
    ) -> None:
        """Try again what was taken from the database under this bridge's lease."""
        if self._is_ending:
            self.give_back(delivery)
        elif not self._logbook.has(delivery.id):
            self._logbook.take_back(delivery)
            now = self._now()
            lane = self._lane(listener, now)
            lane.offer_due(Flight(delivery, listener, envelope, None))
            self._fill(lane, now)
            if not lane.gate.breaker.is_closed:
                self._parking.park_all(lane.clear())

    def give_back(self, delivery: Delivery) -> None:
        """Leave to the database what was taken from it, due at once."""
        # One in hand: its lease ran out before its attempt did, and is renewed now.
        if not self._logbook.has(delivery.id):
            self._logbook.give_back(delivery, self._now())

    def room_for_due(self, listener: Listener) -> int:
        """Return how many due deliveries of a listener may be taken now."""
        if self._is_paused or self._is_ending:
            return 0
        now = self._now()
        return self._lane(listener, now).room_for_due(now)

    def note_backlogs(self, listener_ids: Collection[ListenerId]) -> None:
        """Keep slots free for the due deliveries of these listeners, and no others."""
        self.lanes.note_backlogs(listener_ids)
        self._fill_all()

    def tick(self) -> None:
        """Park what has lasted too long, start what may start by now.

        To be called some ten times a second.
        """
        now = self._now()
        self.lanes.tidy(now)
        for lane in self.lanes:
            if lane.gate.is_paced:
                self._fill(lane, now)
        line, attempt = (
            time.monotonic() - limit.total_seconds()
            for limit in (self.patience.line, self.patience.attempt)
        )
        for arrival in self._logbook.arrivals():
            if arrival.started > max(line, attempt):
                break
            for flight in list(arrival.open.values()):
                if flight.is_started:
                    is_late = arrival.started <= attempt
                else:
                    lane = self.lanes[flight.listener.id]
                    is_late = arrival.started <= line and lane.leave(flight)
                if is_late:
                    self._parking.park(flight)
            self._logbook.record_if_known(arrival)

    def pause(self) -> None:
        """Start no attempt until `proceed`; those under way go on."""
        self._is_paused = True

    def proceed(self) -> None:
        """Start attempts again, unless the bridge ends."""
        self._is_paused = False
        self._fill_all()

    def end(self) -> None:
        """Park all that waits for a slot, and start nothing more, ever."""
        self._is_ending = True
        for lane in self.lanes:
            for flight in lane.clear():
                self._parking.park(flight)
                self._inquiries.note(flight.delivery.id, None)
        for arrival in self._logbook.arrivals():
            self._logbook.record_if_known(arrival)

    def _lane(self, listener: Listener, now: datetime) -> Lane[Flight]:
        return self.lanes.of(listener, self.patience.line, now)

    def _offer(self, flight: Flight, now: datetime) -> None:
        if self._is_paused or self._is_ending:
            self._parking.park(flight)
            if self._is_ending:
                self._inquiries.note(flight.delivery.id, None)
            return
        if flight.listener.callback.batch is not None:
            self._reports.batched(flight)
            self._parking.park(flight)
            return
        match self._lane(flight.listener, now).offer(flight, now):
            case Place.SLOT:
                self._start(flight)
            case Place.PARKED:
                self._parking.park(flight)
            case Place.LINE:
                pass

    def _fill_all(self) -> None:
        now = self._now()
        for lane in self.lanes:
            self._fill(lane, now)

    def _fill(self, lane: Lane[Flight], now: datetime) -> None:
        while not (self._is_paused or self._is_ending):
            flight = lane.take(now)
            if flight is None:
                return
            self._start(flight)

    def _start(self, flight: Flight) -> None:
        flight.is_started = True
        if flight.was_parked:
            self._parking.renew_lease(flight)
        self._running += 1
        self._quiet.clear()
        wait = self._inquiries.wait_of(flight.delivery.id)
        self._starts.add((flight, flight.call(wait)))

    def _submit(self, starts: Sequence[tuple[Flight, Call]]) -> None:
        for flight, call in starts:
            kind = call.listener.callback.type
            callback = self._callbacks.get(kind)
            if callback is None:
                self._ends.add((flight, call, _unknown(kind)))
            else:
                callback.submit(call, partial(self._ended, flight, call))

    def _ended(self, flight: Flight, call: Call, outcome: Outcome) -> None:
        self._ends.add((flight, call, outcome))

    def _settle(self, ends: Sequence[_End]) -> None:
        self._running -= len(ends)
        if not self._running:
            self._quiet.set()
        now = self._now()
        for flight, call, outcome in ends:
            try:
                self._inquiries.note(flight.delivery.id, outcome)
                self._take_down(flight, call, outcome, now)
            except Exception:  # noqa: BLE001 - a loop's edge: the others are not at fault
                _log.exception("an outcome is lost", extra={"id": flight.delivery.id})
        for flight, call, outcome in ends:
            self._reports.attempted(call, outcome, flight.delivery)
            if outcome.kind is OutcomeKind.GONE:
                self._reports.gone(flight.listener)
        for flight, _, outcome in ends:
            self._give_back_slot(flight, outcome, now)
            due_at = flight.delivery.due_at
            if flight.was_parked or (due_at is not None and due_at <= now):
                self._reports.parked()

    def _take_down(
        self, flight: Flight, call: Call, outcome: Outcome, now: datetime
    ) -> None:
        decision = decide(
            flight.listener.retry,
            outcome,
            attempts=call.attempt,
            now=now,
            chance=random.random(),  # noqa: S311 - spreads retries, guards nothing
            refusal=refusal_of(call, outcome),
        )
        flight.delivery = decision.applied(flight.delivery, call.attempt, now)
        tried = Attempt(flight.delivery.id, call.attempt, outcome)
        self._logbook.note(flight, tried if decision.counts else None)
        self._logbook.record_if_known(flight.arrival)

    def _give_back_slot(self, flight: Flight, outcome: Outcome, now: datetime) -> None:
        lane = self.lanes[flight.listener.id]
        self._parking.park_all(lane.end(flight, outcome, now))
        self._fill(lane, now)
        self.lanes.note_use(flight.listener.id, now)


def _unknown(kind: str) -> Outcome:
    return Outcome(
        kind=OutcomeKind.BLOCKED,
        started_at=datetime.now(UTC),
        duration=timedelta(0),
        error=f"this bridge knows no callback of type {kind!r}",
    )
