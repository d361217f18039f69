# SPDX-License-Identifier: Apache-2.0
"""Which events are remembered, how many and for how long."""

from datetime import timedelta

import pytest

from bridge.intake.window import Window


class Clock:
    """Monotonic seconds, as a test says."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def window(clock):
    return Window(3, timedelta(seconds=60), clock)


def key(name, source="/engine"):
    return (source, str(name))


def known(window, *names):
    return [name for name in names if key(name) in window]


def test_an_event_is_known_by_its_source_and_id(window):
    window.note(key(1))

    assert key(1) in window
    assert key(1, source="/other") not in window


def test_beyond_so_many_events_the_oldest_is_forgotten(window):
    for name in range(5):
        window.note(key(name))

    assert known(window, *range(5)) == [2, 3, 4]
    assert len(window) == 3


def test_beyond_so_long_an_event_is_forgotten(window, clock):
    window.note(key(1))
    clock.seconds += 59
    window.note(key(2))
    clock.seconds += 2

    assert known(window, 1, 2) == [2]
    window.note(key(3))
    assert len(window) == 2


def test_who_comes_again_is_as_young_as_the_last_time(window):
    for name in (1, 2, 3, 1, 4):
        window.note(key(name))

    assert known(window, 1, 2, 3, 4) == [1, 3, 4]


def test_what_was_recorded_by_a_former_process_is_known_as_long_as_if_by_this(
    window, clock
):
    ages = {1: 70, 2: 50, 3: 10}
    window.recall((key(name), timedelta(seconds=age)) for name, age in ages.items())

    assert known(window, 1, 2, 3) == [2, 3]
    clock.seconds += 20
    assert known(window, 1, 2, 3) == [3]


def test_a_window_of_nothing_knows_nothing(clock):
    window = Window(0, timedelta(seconds=60), clock)
    window.note(key(1))

    assert key(1) not in window
