# SPDX-License-Identifier: Apache-2.0
"""How many past events may be told now."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import Invalid
from bridge.model.replay import Place, Replay, Wanted, new_replay_id
from bridge.replay.pace import (
    PAGE,
    Pace,
    most_at_once,
    most_waiting,
    page_size,
    rate_of,
)
from bridge.store.history import clean_cut
from tests.stored import NOW, a_listener


def a_replay(listener, **members):
    members = {
        "id": new_replay_id(),
        "listener_id": listener.id,
        "project": listener.project,
        "wanted": Wanted(),
        "is_start": False,
        "rate_per_second": 100.0,
        "first": 0,
        "last": 1000,
        "place": Place(0),
        "created_at": NOW,
        "updated_at": NOW,
        **members,
    }
    return Replay(**members)


def test_no_more_are_told_than_the_rate_allows_and_no_burst_is_saved_up():
    pace, told = Pace(), 0
    assert pace.allowed(100, 0.0) == 0
    for step in range(1, 21):
        count = pace.allowed(100, step * 0.05)
        pace.note(count)
        told += count
    assert told == 100

    assert pace.allowed(100, 60.0) == 25


def test_what_was_told_beyond_the_allowance_is_waited_for():
    pace = Pace()
    pace.allowed(10, 0.0)
    pace.note(20)

    assert pace.allowed(10, 1.9) == 0
    assert pace.allowed(10, 2.2) == 2


@pytest.mark.parametrize(
    ("rate", "expected"), [(None, 100.0), (1000.0, 100.0), (20.0, 10.0)]
)
def test_a_replay_takes_half_of_its_listeners_rate_at_most(rate, expected):
    listener = a_listener(rate_per_second=rate)

    assert rate_of(a_replay(listener), listener) == expected


def test_a_replay_takes_a_quarter_of_the_slots_in_a_step():
    assert most_at_once(a_listener(max_in_flight=64)) == 16
    assert most_at_once(a_listener(max_in_flight=1)) == 1


def test_little_waits_in_the_database():
    assert [most_waiting(rate) for rate in (0.1, 100, 10_000)] == [20, 50, PAGE]


def test_more_events_are_looked_at_where_few_are_wanted():
    replay = a_replay(a_listener())

    assert page_size(replay, 5) == 5
    assert page_size(replace(replay, looked_at=999, replayed=99), 5) == 50
    assert page_size(replace(replay, looked_at=10**6), 5) == PAGE


@pytest.mark.parametrize(
    ("seconds", "limit", "expected"),
    [
        ([1, 2, 3, 4], 2, 2),
        ([1, 1, 1], 2, 2),
        ([2, 1, 4, 3], 3, 2),
        ([3, 2, 1, 4], 1, 3),
        ([2, 1], 1, 2),
        ([1], 1, 1),
    ],
)
def test_nothing_behind_a_cut_is_older_than_what_stands_before(
    seconds, limit, expected
):
    times = [NOW + timedelta(seconds=one) for one in seconds]

    assert clean_cut(times, limit) == expected


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"since": NOW, "until": NOW}, "until"),
        ({"types": ("task.*", "on-nothing")}, "types[1]"),
        ({"types": ("TASK",) * 101}, "types"),
        ({"execution_id": ""}, "execution"),
        ({"execution_id": "e\x00"}, "execution"),
    ],
)
def test_what_can_mean_nothing_is_refused(members, field):
    with pytest.raises(Invalid) as refused:
        Wanted(**members).check()

    assert refused.value.field == field
