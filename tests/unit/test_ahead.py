# SPDX-License-Identifier: Apache-2.0
"""How many events may be on their way at once."""

from bridge.intake.intake import FEW, next_room


def test_there_is_room_for_more_while_receivers_are_what_they_wait_for():
    assert next_room(FEW, FEW, unsafe=FEW // 8, recorded=0) == 2 * FEW


def test_there_is_room_for_fewer_while_the_database_is_what_they_wait_for():
    slow = next_room(4 * FEW, 4 * FEW, unsafe=2 * FEW, recorded=FEW)

    assert slow == 2 * FEW


def test_there_is_room_for_more_while_the_database_takes_in_as_many_in_a_tick():
    quick = next_room(4 * FEW, 4 * FEW, unsafe=4 * FEW, recorded=4 * FEW)

    assert quick == 8 * FEW


def test_room_stays_while_the_database_takes_in_more_than_half_of_it_in_a_tick():
    steady = next_room(4 * FEW, 4 * FEW, unsafe=4 * FEW, recorded=3 * FEW)

    assert steady == 4 * FEW


def test_there_is_always_room_for_a_few():
    assert next_room(FEW, FEW, unsafe=FEW, recorded=0) == FEW
    assert next_room(FEW, 0, unsafe=0, recorded=0) == FEW


def test_room_stays_while_it_is_used_and_goes_when_it_is_not():
    assert next_room(4 * FEW, 3 * FEW, unsafe=0, recorded=0) == 4 * FEW
    assert next_room(4 * FEW, FEW, unsafe=0, recorded=0) == 2 * FEW


def test_room_ends_somewhere():
    room = 2**30

    assert next_room(room, room, unsafe=0, recorded=0) < room
