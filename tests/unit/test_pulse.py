# SPDX-License-Identifier: Apache-2.0
"""What the page's charts are drawn from: looks at the metrics, over a day."""

from datetime import timedelta

import pytest

from bridge.pulse import DAY, LOOK_SECONDS, MOST_LOOKS, Pulse, Totals
from tests.stored import NOW

LOOK = timedelta(seconds=LOOK_SECONDS)
STEPS = 96


class Bridge:
    """Takes in one event a second, and tells the time."""

    def __init__(self):
        self.at = NOW
        self.pulse = Pulse(self._read, lambda: self.at)

    def live(self, lasting, every=LOOK):
        end = self.at + lasting
        while self.at < end:
            self.at += every
            self.pulse.look()

    def _read(self):
        return Totals(events=(self.at - NOW).total_seconds())


@pytest.fixture
def bridge():
    return Bridge()


def test_the_first_minute_has_a_shape_already(bridge):
    bridge.live(timedelta(minutes=1))

    assert len(bridge.pulse.course(STEPS)) == timedelta(minutes=1) / LOOK


@pytest.mark.parametrize("hours", [0.1, 1, 6, 24, 30])
def test_the_course_covers_all_of_a_day_in_equal_steps(bridge, hours):
    lived = timedelta(hours=hours)
    bridge.live(lived)

    course = bridge.pulse.course(STEPS)

    assert len(course) <= STEPS
    covered = course[-1].ends_at - (course[0].ends_at - course[0].lasted)
    assert covered >= min(lived, DAY - timedelta(minutes=5))
    assert covered <= DAY
    assert len({one.lasted for one in course[:-1]}) == 1
    assert {one.events_per_second for one in course} == {1.0}


def test_no_more_is_remembered_than_there_is_room_for(bridge):
    bridge.live(2 * DAY, every=timedelta(seconds=20))

    assert len(bridge.pulse._far) <= MOST_LOOKS


def test_now_is_the_latest_half_minute(bridge):
    bridge.live(timedelta(minutes=5))

    latest = bridge.pulse.latest()

    assert latest.ends_at == bridge.at
    assert timedelta(seconds=30) <= latest.lasted <= timedelta(seconds=32)
