# SPDX-License-Identifier: Apache-2.0
"""What is recorded of an event, when, and which deliveries are in hand meanwhile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.delivery.flight import Arrival, Flight
from bridge.delivery.logbook import Logbook
from bridge.model import State
from tests.stored import NOW, a_delivery, a_listener, an_attempt, an_envelope


class Story:
    """A logbook, what it had recorded, and an event for two listeners."""

    def __init__(self):
        self.entries = []
        self.landed = []
        self.settled = []
        self.nudges = []
        self.logbook = Logbook(self._record, lambda: self.nudges.append("look"))
        self.arrival = Arrival(an_envelope(), NOW, 0.0, self.settled.append)
        self.one, self.two = self._flight(), self._flight()
        self.logbook.take_in(self.arrival, [self.one, self.two])

    def commit(self, refusal=None):
        """Let all that is recorded be safe, or refused."""
        landed, self.landed = self.landed, []
        for tell in landed:
            tell(refusal)

    def note(self, flight, state, *, number=None, is_held=False):
        """Let a delivery stand in a state, after its attempt of that number."""
        tried = None if number is None else an_attempt(flight.delivery, number)
        flight.delivery = replace(flight.delivery, state=state, attempts=number or 0)
        self.logbook.note(flight, tried, is_held=is_held)
        self.logbook.record_if_known(self.arrival)

    def is_in_hand(self, flight):
        return self.logbook.has(flight.delivery.id)

    def _record(self, entry, landed=None):
        self.entries.append(entry)
        if landed is not None:
            self.landed.append(landed)

    def _flight(self):
        listener = a_listener()
        delivery = a_delivery(self.arrival.envelope, listener)
        return Flight(delivery, listener, self.arrival.envelope, self.arrival)


@pytest.fixture
def story():
    return Story()


def test_an_event_is_recorded_once_all_of_it_is_known(story):
    story.note(story.one, State.DELIVERED, number=1)
    assert story.entries == []

    story.note(story.two, State.DEAD, number=1)

    (entry,) = story.entries
    assert entry.arrived == (story.arrival.envelope, NOW)
    assert entry.deliveries == (story.one.delivery, story.two.delivery)
    assert len(entry.attempts) == 2
    assert entry.held == frozenset()


def test_it_is_settled_once_it_is_safe(story):
    story.note(story.one, State.DELIVERED, number=1)
    story.note(story.two, State.DELIVERED, number=1)
    assert story.settled == []

    story.commit()

    assert story.settled == [None]
    assert story.nudges == []


def test_an_outcome_beats_what_was_noted_of_a_late_attempt_before(story):
    story.note(story.one, State.PENDING, is_held=True)
    story.note(story.one, State.PENDING, number=1)
    assert story.entries == []

    story.note(story.two, State.DELIVERED, number=1)

    (entry,) = story.entries
    assert entry.deliveries[0].attempts == 1
    assert len(entry.attempts) == 2
    assert entry.held == frozenset()


def test_what_ends_after_its_event_was_recorded_is_recorded_alone(story):
    story.note(story.one, State.PENDING, is_held=True)
    story.note(story.two, State.DELIVERED, number=1)

    story.note(story.one, State.DELIVERED, number=1)

    first, then = story.entries
    assert first.held == {story.one.delivery.id}
    assert then.arrived is None
    assert then.deliveries == (story.one.delivery,)
    assert len(then.attempts) == 1


def test_a_delivery_is_in_hand_until_its_outcome_is_safe(story):
    story.note(story.one, State.PENDING, is_held=True)
    story.note(story.two, State.DELIVERED, number=1)
    assert story.is_in_hand(story.two)

    story.commit()
    assert story.is_in_hand(story.one)
    assert not story.is_in_hand(story.two)

    story.note(story.one, State.DELIVERED, number=1)
    assert story.is_in_hand(story.one)

    story.commit()
    assert not story.is_in_hand(story.one)


def test_who_looks_for_due_deliveries_is_told_of_those_that_wait(story):
    story.note(story.one, State.PENDING)
    story.note(story.two, State.DELIVERED, number=1)
    assert story.nudges == []

    story.commit()

    assert story.nudges == ["look"]
    assert not story.is_in_hand(story.one)


def test_nobody_is_woken_for_what_is_tried_again_later(story):
    story.note(story.one, State.PENDING, number=1)
    story.note(story.two, State.PENDING, is_held=True)

    story.commit()

    assert story.nudges == []


def test_what_is_given_back_is_due_at_once(story):
    lease_ends = datetime.now(UTC) + timedelta(hours=1)

    story.logbook.give_back(replace(story.one.delivery, due_at=lease_ends), NOW)

    (entry,) = story.entries
    (given_back,) = entry.deliveries
    assert given_back.due_at <= datetime.now(UTC)
    assert entry.held == frozenset()
