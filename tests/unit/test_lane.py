# SPDX-License-Identifier: Apache-2.0
"""Lanes: slots, lines, and fairness between fresh and parked deliveries."""

from dataclasses import dataclass
from datetime import timedelta

from bridge.delivery.lane import MAX_WAITING, MAX_WAITING_BYTES, Lane, Place

WAIT = timedelta(milliseconds=200)
QUICK = timedelta(milliseconds=1)


@dataclass(eq=False)
class Item:
    was_parked: bool = False
    size: int = 100


def full_lane(slots=2):
    lane = Lane(slots, WAIT)
    running = [Item() for _ in range(slots)]
    for item in running:
        assert lane.offer(item) is Place.SLOT
    return lane, running


def test_a_delivery_starts_at_once_while_a_slot_is_free():
    lane = Lane(2, WAIT)

    places = [lane.offer(Item()) for _ in range(3)]

    assert places == [Place.SLOT, Place.SLOT, Place.LINE]


def test_a_free_slot_goes_to_who_waited_longest():
    lane, running = full_lane()
    first, second = Item(), Item()
    lane.offer(first)
    lane.offer(second)

    lane.end(running[0], QUICK)

    assert lane.take() is first
    assert lane.take() is None
    assert lane.waiting == 1


def test_a_delivery_that_would_wait_too_long_is_parked():
    lane, running = full_lane()
    for item in running:
        lane.end(item, timedelta(seconds=10))
        lane.offer(item)

    place = lane.offer(Item())

    assert place is Place.PARKED


def test_the_line_is_bounded_in_number():
    lane, _ = full_lane()

    places = [lane.offer(Item()) for _ in range(MAX_WAITING + 1)]

    assert places == [Place.LINE] * MAX_WAITING + [Place.PARKED]


def test_the_line_is_bounded_in_bytes_and_forgets_who_left():
    lane, _ = full_lane()
    large = Item(size=MAX_WAITING_BYTES)
    assert lane.offer(large) is Place.LINE
    assert lane.offer(Item()) is Place.PARKED

    assert lane.leave(large)

    assert not lane.leave(large)
    assert lane.offer(Item()) is Place.LINE


def test_fresh_ones_leave_half_of_the_slots_while_parked_ones_are_due():
    lane = Lane(4, WAIT)
    lane.has_backlog = True

    places = [lane.offer(Item()) for _ in range(4)]

    assert places == [Place.SLOT, Place.SLOT, Place.LINE, Place.LINE]
    assert lane.room_for_due == 2


def test_a_due_delivery_starts_before_fresh_ones_that_wait():
    lane, running = full_lane()
    lane.offer(Item())
    due = Item(was_parked=True)
    lane.offer_due(due)

    lane.end(running[0], QUICK)

    assert lane.take() is due


def test_there_is_no_room_for_due_ones_beyond_the_slots():
    lane = Lane(2, WAIT)
    lane.offer_due(Item(was_parked=True))

    assert lane.room_for_due == 1


def test_due_ones_are_taken_ahead_up_to_their_half():
    lane, _ = full_lane(slots=4)
    lane.has_backlog = True

    assert lane.room_for_due == 2

    lane.offer_due(Item(was_parked=True))
    assert lane.room_for_due == 1


def test_with_one_slot_fresh_and_due_ones_take_turns():
    lane, running = full_lane(slots=1)
    lane.has_backlog = True
    (first,), second, due = running, Item(), Item(was_parked=True)
    lane.offer(second)
    assert lane.room_for_due == 1
    lane.offer_due(due)

    lane.end(first, QUICK)
    assert lane.take() is due

    assert lane.room_for_due == 0
    lane.end(due, QUICK)
    assert lane.take() is second


def test_a_lane_with_one_slot_lets_fresh_ones_through_when_nothing_is_due():
    lane = Lane(1, WAIT)
    lane.has_backlog = True
    item = Item()

    assert lane.offer(item) is Place.SLOT
    lane.end(item, QUICK)

    assert lane.is_idle


def test_a_cleared_lane_gives_back_all_who_waited():
    lane, running = full_lane()
    fresh, due = Item(), Item(was_parked=True)
    lane.offer(fresh)
    lane.offer_due(due)

    waited = lane.clear()

    assert waited == [due, fresh]
    assert lane.take() is None
    lane.end(running[0], QUICK)
    assert not lane.is_idle
