# SPDX-License-Identifier: Apache-2.0
"""Tells listeners: gives each delivery a slot, tries it, and has its outcome recorded.

Lives on the event loop. An event is recorded, all or nothing, as soon as something is
known of each of its deliveries: its outcome, or that it was parked. An attempt that is
still open after a second is parked under this bridge's lease and goes on, so that a slow
endpoint holds no message back.
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from bridge.callbacks.callback import Callback
from bridge.delivery.answers import refusal_of
from bridge.delivery.flight import Arrival, Flight
from bridge.delivery.inquiries import Inquiries
from bridge.delivery.lane import Lane, Place
from bridge.delivery.logbook import Logbook
from bridge.delivery.recorder import Landed, Recorder
from bridge.delivery.retry import decide
from bridge.delivery.terms import Patience, Reports
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

LEASE_MARGIN: Final = timedelta(seconds=5)
"""An attempt's lease outlasts the attempt's time limit by this."""


class Dispatcher:
    """Every listener's lane, and the attempts under way.

    Args:
        callbacks: By the type that a listener names.
        recorder: Where outcomes go.
        reports: Who else is told.
        patience: See `Patience`; may change.
        now: The time that all bridges on the database agree on.
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
        self._inquiries = Inquiries()
        self._reports = reports
        self.patience = patience
        self._now = now
        self._lanes: dict[ListenerId, Lane[Flight]] = {}
        self._backlogs: Collection[ListenerId] = ()
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
        now = self._now()
        arrival = Arrival(envelope, now, time.monotonic(), landed)
        flights = [
            Flight(Delivery.new(envelope, one, now), one, envelope, arrival)
            for one in listeners
        ]
        if question is not None:
            told = {flight.delivery.id: flight.listener for flight in flights}
            self._inquiries.open(question, told)
        # Of a copy that was recorded before, an attempt may still be under way.
        flights = [one for one in flights if not self._logbook.has(one.delivery.id)]
        self._logbook.take_in(arrival, flights)
        for flight in flights:
            self._offer(flight)
        self._logbook.record_if_known(arrival)

    def resume(
        self, delivery: Delivery, listener: Listener, envelope: Envelope
    ) -> None:
        """Try again what was taken from the database under this bridge's lease."""
        if self._is_ending:
            self.give_back(delivery)
        elif not self._logbook.has(delivery.id):
            self._logbook.take_back(delivery)
            lane = self._lane(listener)
            lane.offer_due(Flight(delivery, listener, envelope, None))
            self._fill(lane)

    def give_back(self, delivery: Delivery) -> None:
        """Leave to the database what was taken from it, due at once."""
        # One in hand: its lease ran out before its attempt did, and is renewed now.
        if not self._logbook.has(delivery.id):
            self._logbook.give_back(delivery, self._now())

    def room_for_due(self, listener: Listener) -> int:
        """Return how many due deliveries of a listener may be taken now."""
        may_start = not (self._is_paused or self._is_ending)
        return self._lane(listener).room_for_due if may_start else 0

    def note_backlogs(self, listener_ids: Collection[ListenerId]) -> None:
        """Keep slots free for the due deliveries of these listeners, and no others."""
        self._backlogs = listener_ids
        for listener_id, lane in self._lanes.items():
            lane.has_backlog = listener_id in listener_ids
            self._fill(lane)

    def tick(self) -> None:
        """Park what has lasted too long; to be called some ten times a second."""
        now = time.monotonic()
        line, attempt = (
            now - limit.total_seconds()
            for limit in (self.patience.line, self.patience.attempt)
        )
        for arrival in self._logbook.arrivals():
            if arrival.started > max(line, attempt):
                break
            for flight in list(arrival.open.values()):
                if flight.is_started:
                    is_late = arrival.started <= attempt
                else:
                    is_late = arrival.started <= line and self._leave(flight)
                if is_late:
                    self._park(flight)
            self._logbook.record_if_known(arrival)

    def pause(self) -> None:
        """Start no attempt until `proceed`; those under way go on."""
        self._is_paused = True

    def proceed(self) -> None:
        """Start attempts again, unless the bridge ends."""
        self._is_paused = False
        for lane in self._lanes.values():
            self._fill(lane)

    def end(self) -> None:
        """Park all that waits for a slot, and start nothing more, ever."""
        self._is_ending = True
        for lane in self._lanes.values():
            for flight in lane.clear():
                self._park(flight)
                self._inquiries.note(flight.delivery.id, None)
        for arrival in self._logbook.arrivals():
            self._logbook.record_if_known(arrival)

    def _lane(self, listener: Listener) -> Lane[Flight]:
        """Return a listener's lane, after the listener as it is now."""
        lane = self._lanes.get(listener.id)
        if lane is None:
            lane = Lane(listener.max_in_flight, self.patience.line)
            lane.has_backlog = listener.id in self._backlogs
            self._lanes[listener.id] = lane
        lane.slots, lane.wait = listener.max_in_flight, self.patience.line
        return lane

    def _offer(self, flight: Flight) -> None:
        if self._is_paused or self._is_ending:
            self._park(flight)
            if self._is_ending:
                self._inquiries.note(flight.delivery.id, None)
            return
        match self._lane(flight.listener).offer(flight):
            case Place.SLOT:
                self._start(flight)
            case Place.PARKED:
                self._park(flight)
            case Place.LINE:
                pass

    def _leave(self, flight: Flight) -> bool:
        lane = self._lanes.get(flight.listener.id)
        return lane is not None and lane.leave(flight)

    def _fill(self, lane: Lane[Flight]) -> None:
        while not (self._is_paused or self._is_ending):
            flight = lane.take()
            if flight is None:
                return
            self._start(flight)

    def _start(self, flight: Flight) -> None:
        flight.is_started = True
        if flight.was_parked:
            self._renew_lease(flight)
        self._running += 1
        self._quiet.clear()
        call = Call(
            delivery_id=flight.delivery.id,
            attempt=flight.delivery.attempts + 1,
            listener=flight.listener,
            envelope=flight.envelope,
            wait=self._inquiries.wait_of(flight.delivery.id),
        )
        kind = flight.listener.callback.type
        callback = self._callbacks.get(kind)
        if callback is None:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._ended, flight, call, _unknown(kind))
        else:
            callback.submit(call, partial(self._ended, flight, call))

    def _ended(self, flight: Flight, call: Call, outcome: Outcome) -> None:
        self._running -= 1
        if not self._running:
            self._quiet.set()
        self._inquiries.note(flight.delivery.id, outcome)
        now = self._now()
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
        self._reports.attempted(call, outcome, flight.delivery)
        if outcome.kind is OutcomeKind.GONE:
            self._reports.gone(flight.listener)
        self._give_back_slot(flight, outcome.duration)
        is_due = decision.due_at is not None and decision.due_at <= now
        if is_due or flight.was_parked:
            self._reports.parked()

    def _give_back_slot(self, flight: Flight, duration: timedelta) -> None:
        lane = self._lanes[flight.listener.id]
        lane.end(flight, duration)
        self._fill(lane)
        if lane.is_idle:
            del self._lanes[flight.listener.id]

    def _renew_lease(self, flight: Flight) -> None:
        """Let no other bridge take what has waited here for a slot."""
        now = self._now()
        until = now + lease_of(flight.listener)
        known = flight.delivery.due_at
        if known is None or until - known > LEASE_MARGIN / 2:
            flight.delivery = replace(flight.delivery, due_at=until, updated_at=now)
            self._logbook.note(flight, is_held=True)

    def _park(self, flight: Flight) -> None:
        """Leave a delivery to the database; its attempt, if there is one, goes on."""
        now = self._now()
        until = now + lease_of(flight.listener) if flight.is_started else now
        flight.delivery = replace(flight.delivery, due_at=until, updated_at=now)
        self._logbook.note(flight, is_held=flight.is_started)


def lease_of(listener: Listener) -> timedelta:
    """Return how long other bridges leave an attempt alone, from its start."""
    return listener.callback.timeout + LEASE_MARGIN


def _unknown(kind: str) -> Outcome:
    return Outcome(
        kind=OutcomeKind.BLOCKED,
        started_at=datetime.now(UTC),
        duration=timedelta(0),
        error=f"this bridge knows no callback of type {kind!r}",
    )
