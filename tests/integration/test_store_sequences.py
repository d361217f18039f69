# SPDX-License-Identifier: Apache-2.0
"""Positions in the database: given in order, kept, and one turn after the other."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from bridge.model import State
from bridge.store.journal import Entry
from bridge.store.tables import deliveries
from tests.stored import MINUTE, NOW, a_delivery, a_listener, an_attempt, an_envelope


@pytest.fixture
def listener(stores):
    listener = a_listener(ordered=True)
    stores.listeners.add(listener)
    return listener


@pytest.fixture
def number(stores, listener):
    """Numbers the deliveries of events of these names."""

    def number(*names, execution="e1"):
        envelopes = [an_envelope(name, execution=execution) for name in names]
        stores.sequences.number(
            [(one, [a_delivery(one, listener, due_at=None)]) for one in envelopes], NOW
        )

    return number


@pytest.fixture
def end(stores):
    """Records that a delivery has ended."""

    def end(delivery, state=State.DELIVERED):
        ended = replace(delivery, state=state, due_at=None, attempts=1)
        stores.journal().write(
            [Entry(deliveries=(ended,), attempts=(an_attempt(delivery),))]
        )

    return end


def in_order(stores):
    found = [one for one in stores.deliveries.find(limit=100) if one.position]
    return [one.event_id for one in sorted(found, key=lambda one: one.position)]


def due(stores, listener, limit=100):
    """Claim what is due; return its deliveries."""
    claimed = stores.journal().claim(
        {listener.id: limit}, now=NOW + MINUTE, until=NOW + 2 * MINUTE
    )
    return [delivery for delivery, _ in claimed]


def test_the_first_of_each_execution_is_due_and_no_other(stores, listener, number):
    number("1", "2")
    number("3", execution="e2")

    assert {one.event_id for one in due(stores, listener)} == {"1", "3"}
    assert due(stores, listener) == []


@pytest.mark.parametrize("state", [State.DELIVERED, State.DEAD])
def test_the_next_one_is_due_once_the_first_has_ended(
    stores, listener, number, end, state
):
    number("1", "2", "3")
    (first,) = due(stores, listener)
    end(first, state)

    assert [one.event_id for one in due(stores, listener)] == ["2"]


def test_whoever_numbers_events_again_changes_nothing(stores, listener, number, end):
    number("1", "2", "3")
    number("1", "2", "3", "4", "5")
    number("2", "3", "4")

    assert in_order(stores) == ["1", "2", "3", "4", "5"]
    (first,) = due(stores, listener)
    end(first)
    number("1", "2")
    assert [one.event_id for one in due(stores, listener)] == ["2"]


def test_what_was_recorded_without_a_position_gets_it(stores, listener, number):
    envelope = an_envelope("1")
    waits = a_delivery(envelope, listener, due_at=None)
    stores.journal().write([Entry(arrived=(envelope, NOW), deliveries=(waits,))])
    assert due(stores, listener) == []

    number("1", "2")

    assert in_order(stores) == ["1", "2"]
    assert [one.event_id for one in due(stores, listener)] == ["1"]


def test_what_is_recorded_later_keeps_its_position_and_its_turn(
    stores, listener, number
):
    number("1", "2")
    envelope = an_envelope("1")
    waits = a_delivery(envelope, listener, due_at=None)
    stores.journal().write([Entry(arrived=(envelope, NOW), deliveries=(waits,))])

    assert in_order(stores) == ["1", "2"]
    assert [one.event_id for one in due(stores, listener)] == ["1"]


def test_what_nobody_numbers_gets_its_position_from_whoever_knows_that(
    stores, listener, number
):
    store = stores.sequences
    number("0")
    for name in ("1", "2"):
        envelope = an_envelope(name)
        waits = a_delivery(envelope, listener, due_at=None)
        stores.journal().write([Entry(arrived=(envelope, NOW), deliveries=(waits,))])

    assert not store.has_unnumbered(NOW)
    assert store.has_unnumbered(NOW + MINUTE)
    assert store.number_rest(NOW) == 0
    assert store.number_rest(NOW + MINUTE) == 2
    assert not store.has_unnumbered(NOW + MINUTE)
    assert in_order(stores)[0] == "0"
    assert sorted(in_order(stores)[1:]) == ["1", "2"]


def test_a_bridge_killed_between_two_commits_holds_nothing_up(
    stores, listener, number, database
):
    number("1", "2")
    where = deliveries.c.event_id == "1"
    with database.write() as connection:
        gone = {"state": State.DELIVERED.value, "due_at": None}
        connection.execute(update(deliveries).where(where).values(gone))
    assert due(stores, listener) == []

    assert stores.sequences.go_on(NOW) == 1
    assert stores.sequences.go_on(NOW) == 0
    assert [one.event_id for one in due(stores, listener)] == ["2"]


def test_what_waits_for_a_removed_listener_is_cancelled(stores, listener, number):
    number("1", "2")
    stores.listeners.remove(listener.id, NOW)
    number("2", "3")

    states = {one.event_id: one.state for one in stores.deliveries.find(limit=10)}
    assert states == dict.fromkeys("123", State.CANCELLED)
