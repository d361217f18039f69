# SPDX-License-Identifier: Apache-2.0
"""A condition that overruns again and again is left alone for a growing time."""

import pytest

from bridge.conditions.suspension import (
    FIRST_SECONDS,
    LONGEST_SECONDS,
    STRIKES,
    WITHIN_SECONDS,
    Suspensions,
    after_overrun,
)

BOMB = "regex('(a+)+$').matches($.x)"


def struck(times, every=1.0):
    found = None
    for number in range(times):
        found = after_overrun(found, number * every)
    return found


@pytest.mark.parametrize("times", range(1, STRIKES))
def test_a_few_overruns_suspend_nobody(times):
    assert struck(times).until <= times - 1


def test_one_more_suspends():
    assert struck(STRIKES).until == STRIKES - 1 + FIRST_SECONDS


def test_each_within_a_minute_of_the_last_is_enough():
    assert struck(STRIKES, every=WITHIN_SECONDS - 1).until == (
        (STRIKES - 1) * (WITHIN_SECONDS - 1) + FIRST_SECONDS
    )


def test_overruns_far_apart_are_forgotten():
    assert struck(100, every=WITHIN_SECONDS).count == 1


def test_each_overrun_after_a_suspension_doubles_it():
    found = struck(STRIKES)
    lengths = []
    for _ in range(3):
        now = found.until + 1
        found = after_overrun(found, now)
        lengths.append(found.until - now)

    assert lengths == [FIRST_SECONDS * 2, FIRST_SECONDS * 4, FIRST_SECONDS * 8]


def test_no_suspension_is_longer_than_the_longest():
    found = struck(10_000, every=0.0)

    assert found.until == LONGEST_SECONDS


def test_who_behaves_for_as_long_as_it_was_suspended_begins_anew():
    found = struck(STRIKES + 4)
    length = found.until - (STRIKES + 3)

    assert length > WITHIN_SECONDS
    assert after_overrun(found, found.until + length - 1).count == STRIKES + 5
    assert after_overrun(found, found.until + length + 1).count == 1


def test_a_suspension_is_of_one_condition_and_ends():
    suspensions = Suspensions()
    for _ in range(STRIKES):
        suspensions.overran(BOMB, 0.0)

    assert suspensions.holds(BOMB, FIRST_SECONDS - 1)
    assert not suspensions.holds(BOMB, FIRST_SECONDS)
    assert not suspensions.holds("true", 0.0)
    assert suspensions.count(FIRST_SECONDS - 1) == 1
    assert suspensions.count(FIRST_SECONDS) == 0
