# SPDX-License-Identifier: Apache-2.0
"""What waits in memory while the bus takes nothing: all of it, in order, up to a limit."""

import re
import threading
import time
from datetime import timedelta

import pytest

import notifier.publishers.backlog
from notifier.errors import (
    Conflict,
    InvalidEvent,
    PublishError,
    Refused,
    Unreachable,
    Unroutable,
)
from notifier.event import Event
from notifier.publishers.backlog import Backlog
from notifier.publishers.http import HttpPublisher
from notifier.publishers.memory import MemoryPublisher
from notifier.wire.body import MAX_DEPTH

PATIENCE = timedelta(seconds=10)
NOBODY = "http://127.0.0.1:9"


class Bus:
    """A bus that takes events, but for those that a test picks.

    Attributes:
        fault: How it refuses, if it does.
        picked: Ids of what it refuses then; None: of all.
    """

    def __init__(self):
        self.publisher = MemoryPublisher()
        self.publisher.bind("#", self._take)
        self.taken = []
        self.fault = None
        self.picked = None
        self.asked = threading.Semaphore(0)

    def _take(self, published):
        ids = [one.event.id for one in published]
        if self.fault is Conflict and self.picked & set(ids):
            self.asked.release()
            raise Conflict("one is known", ids)  # and none was taken
        failed = [] if self.fault is None else ids
        if self.picked is not None:
            failed = [one for one in failed if one in self.picked]
        self.taken += [one for one in ids if one not in failed]
        self.asked.release()
        if failed:
            raise self.fault("because of the test", failed)

    def wait_until_asked(self):
        assert self.asked.acquire(timeout=PATIENCE.total_seconds())


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def backlog(bus, monkeypatch):
    monkeypatch.setattr(notifier.publishers.backlog, "PAUSE_SECONDS", 0.01)
    backlog = Backlog(bus.publisher, timeout=PATIENCE, limit=5)
    yield backlog
    bus.fault = None
    backlog.close(PATIENCE)


def event(name):
    return Event.new("task.failed", execution="e1", task="charge", event_id=name)


def test_events_are_published_in_their_order(bus, backlog):
    for name in "abc":
        assert backlog.add(event(name))

    assert backlog.close(PATIENCE) == 0
    assert bus.taken == ["a", "b", "c"]


@pytest.mark.parametrize("fault", [Unreachable, Refused, PublishError])
def test_what_the_bus_does_not_take_waits_and_keeps_its_place(bus, backlog, fault):
    bus.fault = fault
    backlog.add(event("a"))
    bus.wait_until_asked()
    backlog.add(event("b"))
    bus.wait_until_asked()

    bus.fault = None
    assert backlog.close(PATIENCE) == 0
    assert bus.taken == ["a", "b"]


def test_of_a_batch_only_what_failed_is_published_again(bus, backlog):
    bus.fault = Unreachable
    backlog.add(event("a"))
    bus.wait_until_asked()
    backlog.add(event("b"))
    backlog.add(event("c"))

    bus.picked = {"b"}
    while bus.taken != ["a", "c"]:
        bus.wait_until_asked()
    bus.fault = None
    assert backlog.close(PATIENCE) == 0
    assert bus.taken == ["a", "c", "b"]


def test_an_event_that_no_queue_takes_is_not_tried_again(bus, backlog, caplog):
    bus.fault = Unroutable
    backlog.add(event("a"))
    bus.wait_until_asked()
    bus.fault = None
    backlog.add(event("b"))

    assert backlog.close(PATIENCE) == 0
    assert bus.taken == ["b"]
    assert "events are lost" in caplog.text


def test_an_event_that_can_never_be_taken_costs_no_other(bus, backlog, caplog):
    bus.fault = Unreachable
    backlog.add(event("a"))
    bus.wait_until_asked()
    for name in "bcd":
        backlog.add(event(name))
    bus.picked, bus.fault = {"c"}, Conflict

    assert backlog.close(PATIENCE) == 0
    assert bus.taken == ["a", "b", "d"]
    assert "an event is lost, one is known: c" in caplog.text


def test_an_event_that_fits_no_door_costs_no_other(caplog, monkeypatch):
    monkeypatch.setattr(notifier.publishers.backlog, "PAUSE_SECONDS", 0.01)
    nest = []
    for _ in range(MAX_DEPTH - 3):  # at the door it is one level deeper
        nest = [nest]
    deep = Event.new(
        "task.failed", execution="e1", task="t", event_id="deep", payload=nest
    )
    backlog = Backlog(HttpPublisher(NOBODY), timeout=timedelta(seconds=0.1), limit=5)
    assert backlog.add(event("a"))
    assert backlog.add(deep)

    deadline = time.monotonic() + PATIENCE.total_seconds()
    while not re.search("an event is lost, .*: deep", caplog.text):
        assert time.monotonic() < deadline, caplog.text
        time.sleep(0.01)

    assert backlog.close(timedelta()) == 1


def test_more_than_the_limit_is_lost_and_said_once(bus, backlog, caplog):
    bus.fault = Unreachable
    kept = [backlog.add(event(name)) for name in "abcdefg"]

    bus.fault = None
    assert backlog.close(PATIENCE) == 0
    assert kept == [True] * 5 + [False] * 2
    assert bus.taken == list("abcde")
    assert caplog.text.count("events are lost from now on") == 1
    assert "2 were lost" in caplog.text


def test_that_the_bus_takes_nothing_is_said_once_and_that_it_does_again(
    bus, backlog, caplog
):
    caplog.set_level("INFO")
    bus.fault = Unreachable
    backlog.add(event("a"))
    bus.wait_until_asked()
    bus.wait_until_asked()

    bus.fault = None
    assert backlog.close(PATIENCE) == 0
    assert caplog.text.count("the bus takes no events; they wait") == 1
    assert caplog.text.count("the bus takes events again") == 1


def test_an_event_that_fits_no_bus_is_refused_at_once(backlog):
    wrong = Event.new("task.failed", execution="e1", task="t", project="p" * 65)

    with pytest.raises(InvalidEvent, match="project"):
        backlog.add(wrong)


def test_closing_ends_in_time_and_says_what_is_left(bus, backlog):
    bus.fault = Unreachable
    backlog.add(event("a"))
    bus.wait_until_asked()

    assert backlog.close(timedelta(seconds=0.05)) == 1
    assert not backlog.add(event("b"))


def test_a_fault_that_nobody_foresaw_costs_its_events_and_not_the_thread(
    bus, backlog, caplog, monkeypatch
):
    def fail(*_, **__):
        bus.asked.release()
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(bus.publisher, "publish", fail)
        backlog.add(event("a"))
        bus.wait_until_asked()
    backlog.add(event("b"))

    assert backlog.close(PATIENCE) == 0
    assert bus.taken == ["b"]
    assert "ZeroDivisionError" in caplog.text
