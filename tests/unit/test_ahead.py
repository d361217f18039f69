# SPDX-License-Identifier: Apache-2.0
"""How many events may be on their way at once."""

from bridge.intake.intake import FEW, next_room


def test_there_is_room_for_more_while_receivers_are_what_they_wait_for():
    assert next_room(FEW, FEW, unsafe=FEW // 8) == 2 * FEW


def test_there_is_room_for_fewer_while_the_database_is_what_they_wait_for():
    assert next_room(4 * FEW, 4 * FEW, unsafe=2 * FEW) == 2 * FEW


def test_there_is_always_room_for_a_few():
    assert next_room(FEW, FEW, unsafe=FEW) == FEW
    assert next_room(FEW, 0, unsafe=0) == FEW


def test_room_stays_while_it_is_used_and_goes_when_it_is_not():
    assert next_room(4 * FEW, 3 * FEW, unsafe=0) == 4 * FEW
    assert next_room(4 * FEW, FEW, unsafe=0) == 2 * FEW


def test_room_ends_somewhere():
    room = 2**30

    assert next_room(room, room, unsafe=0) < room
