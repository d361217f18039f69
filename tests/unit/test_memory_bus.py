# SPDX-License-Identifier: Apache-2.0
"""The bus within one process."""

import threading
from datetime import timedelta

import pytest

from notifier.errors import Conflict, Refused, Unroutable
from notifier.event import Event
from notifier.publishers.memory import MemoryPublisher

TIMEOUT = timedelta(seconds=1)
NOW = timedelta(0)


def failed(number):
    return Event.new("task.failed", event_id=f"e{number}", execution="x", task="t")


def done(number):
    return Event.new("execution.succeeded", event_id=f"e{number}", execution="x")


def refuse(_):
    raise ValueError("the disk is full")


def ids(published):
    return [one.event.id for one in published]


@pytest.fixture
def bus():
    return MemoryPublisher()


def test_a_handler_is_given_the_events_that_its_binding_accepts(bus):
    given = []
    bus.bind("execution.#", given.append)
    bus.bind("task.failed.#", given.append)

    bus.publish([failed(1), done(2), failed(3)], timeout=TIMEOUT)

    assert [ids(one) for one in given] == [["e2"], ["e1", "e3"]]


def test_a_handler_is_given_the_body_and_the_routing_key(bus):
    given = []
    bus.bind("#", given.extend)
    told = failed(1)

    bus.publish([told], timeout=TIMEOUT)

    ((event, message),) = given
    assert event == told
    assert message.routing_key == "task.failed.default.-.-.t"
    assert message.body.startswith(b'{"type":"task.failed"')


def test_handlers_are_called_in_the_order_in_which_they_were_bound(bus):
    called = []
    for name in "abc":
        bus.bind("#", lambda _, name=name: called.append(name))

    bus.publish([failed(1)], timeout=TIMEOUT)

    assert called == ["a", "b", "c"]


def test_an_event_that_a_handler_could_not_take_is_shown_to_no_later_one(bus):
    bus.bind("#", refuse)
    later = bus.queue("#")

    with pytest.raises(Refused, match="ValueError: the disk is full") as caught:
        bus.publish([failed(1), failed(2)], timeout=TIMEOUT)

    assert caught.value.event_ids == ("e1", "e2")
    assert later.get(NOW) is None


@pytest.mark.parametrize("named", [("e2",), ()])
def test_a_handlers_own_word_is_passed_on(bus, named):
    def conflict(_):
        raise Conflict("known otherwise", named)

    bus.bind("#", conflict)

    with pytest.raises(Conflict, match="known otherwise") as caught:
        bus.publish([failed(1), failed(2)], timeout=TIMEOUT)

    assert caught.value.event_ids == (named or ("e1", "e2"))


def test_what_nothing_is_bound_for_is_an_error_and_the_rest_arrives(bus):
    queue = bus.queue("execution.#")

    with pytest.raises(Unroutable, match=r"task\.failed") as caught:
        bus.publish([failed(1), done(2)], timeout=TIMEOUT)

    assert caught.value.event_ids == ("e1",)
    assert queue.get(NOW).event.id == "e2"


def test_a_closed_binding_is_called_no_more(bus):
    given = []
    with bus.bind("#", given.append) as binding:
        bus.publish([failed(1)], timeout=TIMEOUT)
    binding.close()

    with pytest.raises(Unroutable):
        bus.publish([failed(2)], timeout=TIMEOUT)

    assert len(given) == 1


def test_a_full_queue_drops_the_oldest_and_counts(bus):
    queue = bus.queue("#", max_length=2)

    bus.publish([failed(n) for n in range(5)], timeout=TIMEOUT)

    assert [queue.get(NOW).event.id for _ in range(2)] == ["e3", "e4"]
    assert queue.get(NOW) is None
    assert queue.dropped == 3


def test_who_waits_on_a_queue_gets_the_next_event(bus):
    queue = bus.queue("#")
    got = []
    waiting = threading.Thread(target=lambda: got.append(queue.get(timedelta(10))))
    waiting.start()

    bus.publish([failed(1)], timeout=TIMEOUT)

    waiting.join()
    assert ids(got) == ["e1"]


def test_who_waits_on_a_queue_that_is_closed_gets_nothing(bus):
    got = []
    with bus.queue("#") as queue:
        waiting = threading.Thread(target=lambda: got.append(queue.get(timedelta(10))))
        waiting.start()

    waiting.join()
    assert got == [None]
