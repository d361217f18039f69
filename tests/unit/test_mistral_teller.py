# SPDX-License-Identifier: Apache-2.0
"""Each change that Mistral tells is told once, however often it is handed over."""

from datetime import timedelta

import pytest

from notifier.engines.mistral.notice import Notice
from notifier.engines.mistral.teller import Teller
from notifier.errors import InvalidEvent
from notifier.publishers.backlog import Backlog
from notifier.publishers.memory import MemoryPublisher
from tests.notices import SECOND, of_task

PATIENCE = timedelta(seconds=10)


class Telling:
    """A teller, and the events that came of it."""

    def __init__(self):
        self._events = []
        bus = MemoryPublisher()
        bus.bind("#", self._events.extend)
        self._backlog = Backlog(bus, timeout=PATIENCE, limit=100)
        self.teller = Teller(
            self._backlog, source="/mistral", project=None, alone=False
        )

    def events(self):
        assert self._backlog.close(PATIENCE) == 0
        return [one.event for one in self._events]


@pytest.fixture
def telling():
    return Telling()


def test_a_notice_that_mistral_hands_over_again_is_told_once(telling):
    notice = of_task(at=SECOND)
    for _ in range(3):
        telling.teller.tell(Notice(notice.data, notice.event, notice.timestamp))

    assert len(telling.events()) == 1


def test_two_changes_that_are_equal_in_every_word_are_told_both(telling):
    telling.teller.tell(of_task(at=SECOND))
    telling.teller.tell(of_task(at=SECOND))

    first, second = telling.events()
    assert first.id != second.id
    assert first.attributes["sequence"] < second.attributes["sequence"]


def test_a_name_that_fits_no_event_is_an_error(telling):
    with pytest.raises(InvalidEvent, match=r"data\.task\.name"):
        telling.teller.tell(of_task(name="x" * 256))
