# SPDX-License-Identifier: Apache-2.0
"""Leases and outcomes in a real database, as two bridges write them."""

from dataclasses import replace

import pytest

from bridge.errors import StoreError, Unwritable
from bridge.model import State
from bridge.store import journal
from bridge.store.journal import Entry
from tests.stored import MINUTE, NOW, a_delivery, a_listener, an_attempt, an_envelope

STAGED = 1  # each row goes the way of many; other tests write rows one by one
LATER = NOW + MINUTE
MUCH_LATER = LATER + MINUTE


@pytest.fixture
def listener(stores):
    listener = a_listener()
    stores.listeners.add(listener)
    return listener


@pytest.fixture
def one(stores):
    return stores.journal("bridge 1", stage_from=STAGED)


@pytest.fixture
def two(stores):
    return stores.journal("bridge 2", stage_from=STAGED)


@pytest.fixture
def state_of(stores):
    return lambda delivery: stores.deliveries.get(None, delivery.id)[0].state


def parked(listener, event_id="1", **members):
    envelope = an_envelope(event_id)
    delivery = a_delivery(envelope, listener, **members)
    return delivery, Entry(arrived=(envelope, NOW), deliveries=(delivery,))


def held(delivery):
    return Entry(deliveries=(delivery,), held=frozenset({delivery.id}))


def ended(delivery, state, **members):
    return replace(delivery, state=state, due_at=None, **members)


def test_an_event_its_deliveries_and_attempts_are_written_together(
    one, listener, stores
):
    envelope = an_envelope()
    delivery = a_delivery(envelope, listener, attempts=1)
    attempt = an_attempt(delivery)

    one.write([Entry((envelope, NOW), (delivery,), (attempt,))])

    assert stores.deliveries.get(None, delivery.id) == (delivery, [attempt])
    assert stores.events.get(None, "1").envelope == envelope


def test_a_batch_that_is_refused_leaves_nothing(one, listener, stores):
    envelope = an_envelope()
    wrong = a_delivery(envelope, listener, project=None)

    with pytest.raises(StoreError):
        one.write([Entry(arrived=(envelope, NOW)), Entry(deliveries=(wrong,))])

    assert stores.events.last_position() == 0
    assert stores.deliveries.find(limit=1) == []


@pytest.mark.parametrize(
    "members",
    [{"project": None}, {"reason": "half a \ud800"}, {"attempts": 2**80}],
    ids=["nothing", "no Unicode", "too large"],
)
def test_a_row_that_no_database_takes_is_told_from_a_database_that_is_not_well(
    one, listener, members
):
    wrong = a_delivery(an_envelope(), listener, **members)

    with pytest.raises(Unwritable):
        one.write([Entry(deliveries=(wrong,))])


def test_a_table_that_is_missing_is_no_fault_of_a_row(one, listener, database):
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE deliveries RENAME TO hidden")

    with pytest.raises(StoreError) as caught:
        one.write([parked(listener)[1]])

    assert not isinstance(caught.value, Unwritable)


def test_nothing_to_write_is_no_error(one):
    one.write([])
    one.write([Entry()])


def test_the_later_word_in_a_batch_stands(one, listener, state_of):
    delivery, entry = parked(listener)

    one.write([entry, Entry(deliveries=(ended(delivery, State.DELIVERED),))])

    assert state_of(delivery) is State.DELIVERED


def test_an_attempt_is_written_once(one, listener, stores):
    delivery, entry = parked(listener)
    first = an_attempt(delivery, answer=b"first")
    one.write([entry, Entry(attempts=(first,))])

    one.write([Entry(attempts=(an_attempt(delivery, answer=b"again"),))])

    assert stores.deliveries.get(None, delivery.id)[1] == [first]


def test_it_is_known_whom_an_event_has_a_delivery_to(one, listener):
    delivery, entry = parked(listener)
    one.write([entry, Entry(arrived=(an_envelope("2"), NOW))])
    key = (delivery.event_source, "1")

    known = one.known([key, (delivery.event_source, "2"), ("/else", "1")])

    assert known == {key: {listener.id}}


def test_of_any_number_of_events_it_can_be_told_what_is_known(one, listener):
    delivery, entry = parked(listener)
    one.write([entry])
    others = [("/else", str(number)) for number in range(40_000)]

    known = one.known([*others, (delivery.event_source, "1")])

    assert list(known.values()) == [{listener.id}]


def test_what_comes_to_wait_for_a_removed_listener_is_cancelled(one, listener, stores):
    delivery, entry = parked(listener)
    stores.listeners.remove(listener.id, NOW)

    one.write([entry])

    kept, _ = stores.deliveries.get(None, delivery.id)
    assert (kept.state, kept.due_at) == (State.CANCELLED, None)
    assert kept.reason == "the listener was removed"


def test_more_listeners_may_wait_for_an_event_than_one_statement_takes(
    one, stores, state_of, monkeypatch
):
    monkeypatch.setattr(journal, "_MAX_KEYS", 2)
    envelope, listeners = an_envelope(), [a_listener() for _ in range(5)]
    for listener in listeners:
        stores.listeners.add(listener)
    stores.listeners.remove(listeners[3].id, NOW)
    deliveries = [a_delivery(envelope, listener) for listener in listeners]

    one.write([Entry((envelope, NOW), deliveries)])

    found = [state_of(delivery) for delivery in deliveries]
    assert found == [State.PENDING] * 3 + [State.CANCELLED, State.PENDING]


def test_fewer_attempts_than_are_known_do_not_count(one, listener, stores):
    delivery, entry = parked(listener, attempts=3, due_at=MUCH_LATER)
    one.write([entry])

    one.write([Entry(deliveries=(replace(delivery, attempts=1, due_at=NOW),))])

    assert stores.deliveries.get(None, delivery.id)[0] == delivery


def test_due_deliveries_of_enabled_listeners_are_counted(one, listener, stores):
    off = a_listener(enabled=False)
    stores.listeners.add(off)
    entries = [
        parked(listener, "1")[1],
        parked(listener, "2")[1],
        parked(listener, "3", due_at=LATER)[1],
        parked(listener, "4", state=State.DEAD, due_at=None)[1],
        parked(off, "5")[1],
    ]
    one.write(entries)

    assert one.due(NOW) == {listener.id: 2}
    assert one.due(LATER) == {listener.id: 3}


def test_a_claim_takes_the_longest_due_first_up_to_its_limit(one, listener):
    times = {"1": LATER, "2": NOW, "3": NOW - MINUTE, "4": MUCH_LATER}
    for event_id, due_at in times.items():
        one.write([parked(listener, event_id, due_at=due_at)[1]])

    taken = one.claim({listener.id: 2}, now=LATER, until=MUCH_LATER)

    assert [delivery.event_id for delivery, _ in taken] == ["3", "2"]
    assert [envelope for _, envelope in taken] == [an_envelope("3"), an_envelope("2")]


def test_what_one_bridge_has_claimed_the_other_leaves(one, two, listener):
    one.write([parked(listener)[1]])
    one.claim({listener.id: 5}, now=NOW, until=MUCH_LATER)

    assert two.claim({listener.id: 5}, now=LATER, until=MUCH_LATER) == []
    assert two.due(LATER) == {}


def test_a_lease_that_is_over_may_be_taken(one, two, listener):
    delivery, entry = parked(listener)
    one.write([entry])
    one.claim({listener.id: 5}, now=NOW, until=LATER)

    taken = two.claim({listener.id: 5}, now=LATER, until=MUCH_LATER)

    assert [taken_delivery.id for taken_delivery, _ in taken] == [delivery.id]


def test_a_failure_reported_after_the_lease_was_lost_is_not_heard(
    one, two, listener, stores
):
    delivery, entry = parked(listener)
    one.write([entry])
    one.claim({listener.id: 5}, now=NOW, until=LATER)
    two.claim({listener.id: 5}, now=LATER, until=MUCH_LATER)

    one.write([Entry(deliveries=(ended(delivery, State.DEAD, reason="no more"),))])

    kept, _ = stores.deliveries.get(None, delivery.id)
    assert (kept.state, kept.due_at) == (State.PENDING, MUCH_LATER)


def test_a_success_is_heard_whoever_reports_it(one, two, listener, state_of):
    delivery, entry = parked(listener)
    one.write([entry])
    two.claim({listener.id: 5}, now=NOW, until=MUCH_LATER)

    one.write([Entry(deliveries=(ended(delivery, State.DELIVERED),))])

    assert state_of(delivery) is State.DELIVERED


@pytest.mark.parametrize(
    "story",
    [
        (State.PENDING, State.DEAD, State.DEAD),
        (State.PENDING, State.DELIVERED, State.DELIVERED),
        (State.DEAD, State.PENDING, State.DEAD),
        (State.DEAD, State.DELIVERED, State.DELIVERED),
        (State.DELIVERED, State.PENDING, State.DELIVERED),
        (State.DELIVERED, State.DEAD, State.DELIVERED),
        (State.CANCELLED, State.PENDING, State.CANCELLED),
    ],
    ids=lambda story: "-".join(state.value for state in story),
)
def test_what_is_known_of_a_delivery_only_grows(one, listener, state_of, story):
    first, then, stands = story
    delivery, entry = parked(listener)
    one.write([entry])
    one.write([Entry(deliveries=(replace(delivery, state=first),))])

    one.write([Entry(deliveries=(replace(delivery, state=then),))])

    assert state_of(delivery) is stands


def test_an_outcome_ends_the_lease(one, two, listener):
    delivery, entry = parked(listener)
    one.write([entry])
    one.write([held(replace(delivery, due_at=MUCH_LATER))])

    one.write([Entry(deliveries=(replace(delivery, due_at=LATER),))])

    assert two.due(LATER) == {listener.id: 1}


def test_releasing_makes_due_what_dead_bridges_held(one, two, listener):
    delivery, entry = parked(listener)
    one.write([entry])
    one.write([held(replace(delivery, due_at=MUCH_LATER))])
    waiting, other = parked(listener, "2", due_at=MUCH_LATER)
    one.write([other])

    released = two.release(NOW)

    assert released == 1
    taken = two.claim({listener.id: 5}, now=NOW, until=LATER)
    assert [one_taken.id for one_taken, _ in taken] == [delivery.id]
    assert waiting.id != delivery.id
