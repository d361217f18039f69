# SPDX-License-Identifier: Apache-2.0
"""How threads share one connection: each keeps to its own time."""

import os
import signal
import threading
import time
from datetime import timedelta

import kombu
import pytest

from notifier.errors import Unreachable
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher, Outgoing
from notifier.publishers.frames import encode
from notifier.topology import EXCHANGE
from tests.servers.proxy import Proxy

TIMEOUT = timedelta(seconds=20)
SLACK_SECONDS = 0.6


class Call(threading.Thread):
    """One call of `publish` in a thread of its own."""

    def __init__(self, publisher, name, seconds):
        super().__init__()
        self.error = None
        self.took = None
        self._publisher = publisher
        self._event = Event.new("task.failed", execution=name, task="t", event_id=name)
        self._timeout = timedelta(seconds=seconds)
        self.start()

    def run(self):
        started = time.monotonic()
        try:
            self._publisher.publish([self._event], timeout=self._timeout)
        except Unreachable as err:
            self.error = err
        self.took = time.monotonic() - started

    def ended(self):
        self.join()
        return self


class Interrupt(Exception):
    """What a signal handler raises in the middle of a call."""


class Interrupting(bytes):
    """Frames; a signal comes as soon as somebody is about to write them."""

    __slots__ = ()

    def __len__(self):
        raise Interrupt


@pytest.fixture
def proxy(amqp_url):
    with Proxy(amqp_url) as proxy:
        yield proxy


@pytest.fixture
def publisher(proxy):
    """A publisher whose connection is open."""
    with AmqpPublisher(proxy.url) as publisher:
        assert Call(publisher, "first", 20).ended().error is None
        yield publisher


def queued(url):
    with kombu.Connection(url) as connection:
        channel = connection.channel()
        messages = iter(lambda: channel.basic_get("bridge", no_ack=True), None)
        return [message.properties["message_id"] for message in messages]


def wait_until_it_waits(call):
    """Wait until a call has handed its event over and nothing more can happen."""
    call.join(0.2)
    assert call.is_alive()


def test_who_has_little_time_is_not_held_by_who_has_much(proxy, publisher):
    proxy.swallow()
    patient = Call(publisher, "patient", 2)
    wait_until_it_waits(patient)

    hasty = Call(publisher, "hasty", 0.3).ended()

    assert hasty.took < 0.3 + SLACK_SECONDS
    assert hasty.error.event_ids == ("hasty",)
    assert patient.ended().error.event_ids == ("patient",)


def test_who_has_much_time_goes_on_when_the_others_is_up(proxy, publisher, amqp_url):
    proxy.swallow()
    hasty = Call(publisher, "hasty", 1.2)
    wait_until_it_waits(hasty)

    patient = Call(publisher, "patient", 20).ended()

    assert hasty.ended().error.event_ids == ("hasty",)
    assert patient.error is None
    assert "patient" in queued(amqp_url)
    assert proxy.connections == 2


def test_closing_ends_the_calls_that_wait(proxy, publisher):
    proxy.swallow()
    calls = [Call(publisher, f"e{n}", 20) for n in range(5)]
    for call in calls:
        wait_until_it_waits(call)

    publisher.close()

    for call in calls:
        assert "closed" in str(call.ended().error)
        assert call.took < 20


def test_an_interrupted_call_leaves_the_connection_to_the_others(
    proxy, publisher, amqp_url
):
    def interrupt(*_):
        raise Interrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    proxy.swallow()
    event = Event.new("task.failed", execution="interrupted", task="t")
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Interrupt):
            publisher.publish([event], timeout=TIMEOUT)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert Call(publisher, "next", 20).ended().error is None
    assert queued(amqp_url)[-1] == "next"


def test_who_is_interrupted_while_writing_for_others_has_them_told_anew(
    proxy, publisher, amqp_url, monkeypatch
):
    # So long the one that leads listens, and lets who comes write.
    monkeypatch.setattr("notifier.publishers.link.TURN_SECONDS", 1)
    proxy.swallow()
    patient = Call(publisher, "patient", 20)
    wait_until_it_waits(patient)
    message = Outgoing.of(Event.new("task.failed", execution="e", task="t"), EXCHANGE)
    frames = encode(message)

    with pytest.raises(Interrupt):
        publisher._link(message).deliver(
            [(message, frames), (message, Interrupting(frames))],
            time.monotonic() + TIMEOUT.total_seconds(),
        )
    another = Call(publisher, "another", 20).ended()

    assert another.error is None
    assert patient.ended().error is None
    assert queued(amqp_url)[-2:] == ["patient", "another"]
    assert proxy.connections == 2


def test_a_pool_keeps_an_execution_on_one_connection(proxy, amqp_url):
    events = [
        Event.new("task.failed", execution=f"e{n % 20}", task="t", event_id=f"{n:03}")
        for n in range(200)
    ]
    with AmqpPublisher(proxy.url, pool_size=3) as publisher:
        for start in range(0, 200, 50):
            publisher.publish(events[start : start + 50], timeout=TIMEOUT)

        assert proxy.connections == 3
    arrived = queued(amqp_url)
    for execution in range(20):
        mine = [one for one in arrived if int(one) % 20 == execution]
        assert mine == [e.id for e in events if int(e.id) % 20 == execution]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_in_the_middle_of_a_call_publishes_at_once(
    proxy, publisher, amqp_url
):
    proxy.swallow()
    call = Call(publisher, "parent", 20)
    wait_until_it_waits(call)

    child = os.fork()
    if child == 0:
        status = 1
        try:
            event = Event.new("task.failed", execution="child", task="t", event_id="c")
            publisher.publish([event], timeout=TIMEOUT)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    proxy.reset()

    assert status == 0
    assert call.ended().error is None
    assert queued(amqp_url)[-2:] == ["c", "parent"]
