# SPDX-License-Identifier: Apache-2.0
"""Lanes: slots, lines, and fairness between fresh and parked deliveries."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bridge.delivery.gate import Gate
from bridge.delivery.lane import MAX_WAITING, MAX_WAITING_BYTES, Lane, Place
from bridge.model import Outcome, OutcomeKind

WAIT = timedelta(milliseconds=200)
NOW = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)


def outcome(kind=OutcomeKind.SUCCEEDED, milliseconds=1, **members):
    return Outcome(kind, NOW, timedelta(milliseconds=milliseconds), **members)


QUICK = outcome()
SLOW = outcome(milliseconds=10_000)
DEAD = outcome(OutcomeKind.FAILED, error="cannot connect")


@dataclass(eq=False)
class Item:
    was_parked: bool = False
    size: int = 100


def full_lane(slots=2):
    lane = Lane(Gate(slots), WAIT)
    running = [Item() for _ in range(slots)]
    for item in running:
        assert lane.offer(item, NOW) is Place.SLOT
    return lane, running


def test_a_delivery_starts_at_once_while_a_slot_is_free():
    lane = Lane(Gate(2), WAIT)

    places = [lane.offer(Item(), NOW) for _ in range(3)]

    assert places == [Place.SLOT, Place.SLOT, Place.LINE]


def test_a_free_slot_goes_to_who_waited_longest():
    lane, running = full_lane()
    first, second = Item(), Item()
    lane.offer(first, NOW)
    lane.offer(second, NOW)

    lane.end(running[0], QUICK, NOW)

    assert lane.take(NOW) is first
    assert lane.take(NOW) is None
    assert lane.waiting == 1


def test_a_delivery_that_would_wait_too_long_is_parked():
    lane, running = full_lane()
    for item in running:
        lane.end(item, SLOW, NOW)
        lane.offer(item, NOW)

    place = lane.offer(Item(), NOW)

    assert place is Place.PARKED


def test_the_line_is_bounded_in_number():
    lane, _ = full_lane()

    places = [lane.offer(Item(), NOW) for _ in range(MAX_WAITING + 1)]

    assert places == [Place.LINE] * MAX_WAITING + [Place.PARKED]


def test_the_line_is_bounded_in_bytes_and_forgets_who_left():
    lane, _ = full_lane()
    large = Item(size=MAX_WAITING_BYTES)
    assert lane.offer(large, NOW) is Place.LINE
    assert lane.offer(Item(), NOW) is Place.PARKED

    assert lane.leave(large)

    assert not lane.leave(large)
    assert lane.offer(Item(), NOW) is Place.LINE


def test_fresh_ones_leave_half_of_the_slots_while_parked_ones_are_due():
    lane = Lane(Gate(4), WAIT)
    lane.has_backlog = True

    places = [lane.offer(Item(), NOW) for _ in range(4)]

    assert places == [Place.SLOT, Place.SLOT, Place.LINE, Place.LINE]
    assert lane.room_for_due(NOW) == 2


def test_a_due_delivery_starts_before_fresh_ones_that_wait():
    lane, running = full_lane()
    lane.offer(Item(), NOW)
    due = Item(was_parked=True)
    lane.offer_due(due)

    lane.end(running[0], QUICK, NOW)

    assert lane.take(NOW) is due


def test_there_is_no_room_for_due_ones_beyond_the_slots():
    lane = Lane(Gate(2), WAIT)
    lane.offer_due(Item(was_parked=True))

    assert lane.room_for_due(NOW) == 1


def test_due_ones_are_taken_ahead_up_to_their_half():
    lane, _ = full_lane(slots=4)
    lane.has_backlog = True

    assert lane.room_for_due(NOW) == 2

    lane.offer_due(Item(was_parked=True))
    assert lane.room_for_due(NOW) == 1


def test_with_one_slot_fresh_and_due_ones_take_turns():
    lane, running = full_lane(slots=1)
    lane.has_backlog = True
    (first,), second, due = running, Item(), Item(was_parked=True)
    lane.offer(second, NOW)
    assert lane.room_for_due(NOW) == 1
    lane.offer_due(due)

    lane.end(first, QUICK, NOW)
    assert lane.take(NOW) is due

    assert lane.room_for_due(NOW) == 0
    lane.end(due, QUICK, NOW)
    assert lane.take(NOW) is second


def test_a_lane_with_one_slot_lets_fresh_ones_through_when_nothing_is_due():
    lane = Lane(Gate(1), WAIT)
    lane.has_backlog = True
    item = Item()

    assert lane.offer(item, NOW) is Place.SLOT
    lane.end(item, QUICK, NOW)

    assert lane.is_idle


def test_a_cleared_lane_gives_back_all_who_waited():
    lane, running = full_lane()
    fresh, due = Item(), Item(was_parked=True)
    lane.offer(fresh, NOW)
    lane.offer_due(due)

    waited = lane.clear()

    assert waited == [due, fresh]
    assert lane.take(NOW) is None
    lane.end(running[0], QUICK, NOW)
    assert not lane.is_idle


def test_a_dead_endpoint_lets_nobody_wait_in_its_line():
    lane, running = full_lane(slots=5)
    fresh, due = Item(), Item(was_parked=True)
    lane.offer(fresh, NOW)
    lane.offer_due(due)

    left = [one for item in running for one in lane.end(item, DEAD, NOW)]

    assert left == [due, fresh]
    assert lane.offer(Item(), NOW) is Place.PARKED
    assert lane.room_for_due(NOW) == 0


def test_a_dead_endpoint_is_tried_by_one_call_once_it_has_rested():
    lane, running = full_lane(slots=5)
    for item in running:
        lane.end(item, DEAD, NOW)
    later = NOW + timedelta(seconds=1)

    assert lane.room_for_due(later) == 1
    probe = Item()
    assert lane.offer(probe, later) is Place.SLOT
    assert lane.offer(Item(), later) is Place.PARKED
    assert lane.room_for_due(later) == 0

    lane.end(probe, QUICK, later)
    assert lane.gate.breaker.is_closed


def test_who_returns_to_a_backlog_is_given_few_at_first_and_more_and_more():
    lane, running = full_lane(slots=64)
    for item in running:
        lane.end(item, DEAD, NOW)
    later = NOW + timedelta(seconds=1)
    lane.has_backlog = True
    most = 0

    for _ in range(400):
        for _ in range(lane.room_for_due(later)):
            lane.offer_due(Item(was_parked=True))
        under_way = []
        while (item := lane.take(later)) is not None:
            under_way.append(item)
        assert len(under_way) <= most + 1
        most = max(most, len(under_way))
        for item in under_way:
            lane.end(item, QUICK, later)

    assert most == 64


def test_with_a_rate_who_comes_too_early_waits_and_who_would_wait_long_is_parked():
    lane = Lane(Gate(64), WAIT)
    lane.gate.adopt(64, 10.0, NOW)

    places = [lane.offer(Item(), NOW) for _ in range(8)]

    assert places == [Place.SLOT] * 5 + [Place.LINE] * 2 + [Place.PARKED]
    assert lane.take(NOW) is None
    assert lane.take(NOW + timedelta(seconds=0.1)) is not None
    assert lane.take(NOW + timedelta(seconds=0.1)) is None


def test_with_a_rate_fresh_ones_queue_up_behind_those_that_were_parked():
    lane = Lane(Gate(64), WAIT)
    lane.gate.adopt(64, 10.0, NOW)
    lane.has_backlog = True

    assert lane.offer(Item(), NOW) is Place.PARKED
    assert lane.room_for_due(NOW) == 5
