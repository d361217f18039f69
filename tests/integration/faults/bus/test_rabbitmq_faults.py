# SPDX-License-Identifier: Apache-2.0
"""Publishing while the broker is killed, hangs, runs out of memory or is cut off."""

import contextlib
import itertools
import threading
import time
import uuid
from datetime import timedelta

import kombu
import pytest

from notifier.errors import PublishError, Unreachable
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.topology import BRIDGE_QUEUE
from tests.servers.proxy import Proxy

TIMEOUT = timedelta(seconds=20)
SHORT = timedelta(seconds=1.5)
SLACK_SECONDS = 0.6
PATIENCE_SECONDS = 30

# RabbitMQ 3.10 loses a quorum queue that is younger than about a second when killed.
QUORUM_SECONDS = 1.5


def numbered(number, execution="e1", **data):
    return Event.new(
        "task.failed",
        event_id=f"{execution}-{number}",
        execution=execution,
        task="charge",
        **data,
    )


@pytest.fixture
def node(harmed_rabbit):
    return harmed_rabbit


@pytest.fixture
def url(node):
    name = f"test-{uuid.uuid4()}"
    yield node.vhost(name)
    node.drop_vhost(name)


@pytest.fixture
def publisher(url):
    with AmqpPublisher(url) as publisher:
        publisher.publish([numbered("first")], timeout=TIMEOUT)
        yield publisher


def queued(url):
    """Return the ids of what waits for the bridge, in its order."""
    ids = []
    with kombu.Connection(url) as connection:
        channel = connection.channel()
        channel.basic_consume(
            BRIDGE_QUEUE,
            no_ack=True,
            callback=lambda message: ids.append(message.properties["message_id"]),
        )
        with contextlib.suppress(TimeoutError):
            while True:
                connection.drain_events(timeout=0.5)
    return ids


def first_of_each(ids):
    return list(dict.fromkeys(ids))


def seconds_to_fail(publisher, timeout):
    started = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        publisher.publish([numbered("late")], timeout=timeout)
    return time.monotonic() - started, str(caught.value)


def wait_until(is_so):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def let_pass(seconds):
    """Nothing to wait for: it is the time itself that matters to the broker."""
    threading.Event().wait(seconds)


class Engine:
    """A thread that publishes one execution's events until it is told to stop."""

    def __init__(self, publisher, execution):
        self.confirmed = []
        self.longest = 0.0
        self.errors = 0
        self.execution = execution
        self._publisher = publisher
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _run(self):
        for number in itertools.count():
            if self._stop.is_set():
                return
            event = numbered(number, self.execution)
            started = time.monotonic()
            try:
                self._publisher.publish([event], timeout=SHORT)
                self.confirmed.append(event.id)
            except PublishError:
                self.errors += 1
            self.longest = max(self.longest, time.monotonic() - started)


def test_what_was_confirmed_outlives_the_broker(node, url, publisher):
    engines = [Engine(publisher, f"x{n}") for n in range(4)]
    let_pass(QUORUM_SECONDS)
    node.kill()
    before = [len(engine.confirmed) for engine in engines]
    starting = threading.Thread(target=node.start)
    starting.start()
    publisher.publish([numbered("patient")], timeout=timedelta(seconds=60))
    starting.join()
    for engine, count in zip(engines, before, strict=True):
        wait_until(lambda e=engine, n=count: len(e.confirmed) > n)
        engine.stop()

    kept = queued(url)
    assert first_of_each(one for one in kept if one.startswith("e1")) == [
        "e1-first",
        "e1-patient",
    ]
    for engine, count in zip(engines, before, strict=True):
        mine = [one for one in kept if one.startswith(engine.execution)]
        numbers = [int(one.rpartition("-")[2]) for one in first_of_each(mine)]
        assert count
        assert engine.errors
        assert not set(engine.confirmed) - set(mine)
        assert numbers == sorted(numbers)
        assert engine.longest < SHORT.total_seconds() + SLACK_SECONDS


def test_a_frozen_broker_holds_nobody_longer_than_the_timeout(node, url, publisher):
    node.freeze()
    try:
        open_took, _ = seconds_to_fail(publisher, SHORT)
        with AmqpPublisher(url) as newcomer:
            new_took, _ = seconds_to_fail(newcomer, SHORT)
    finally:
        node.thaw()

    publisher.publish([numbered(2)], timeout=TIMEOUT)
    assert open_took < SHORT.total_seconds() + SLACK_SECONDS
    assert new_took < SHORT.total_seconds() + SLACK_SECONDS
    assert "e1-2" in queued(url)


def test_a_broker_without_memory_holds_nobody_longer_than_the_timeout(
    node, url, publisher
):
    node.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        wait_until(lambda: _is_refused(publisher))
        took, said = seconds_to_fail(publisher, SHORT)
        large = [numbered(n, payload="x" * 900_000) for n in range(20)]
        started = time.monotonic()
        with pytest.raises(Unreachable):  # more than the sockets hold
            publisher.publish(large, timeout=SHORT)
        large_took = time.monotonic() - started
    finally:
        node.ctl("set_vm_memory_high_watermark", "0.4")

    publisher.publish([numbered("last")], timeout=TIMEOUT)
    assert took < SHORT.total_seconds() + SLACK_SECONDS
    assert large_took < SHORT.total_seconds() + SLACK_SECONDS
    assert "short of memory" in said
    assert "e1-last" in queued(url)


def _is_refused(publisher):
    try:
        publisher.publish([numbered("probe")], timeout=SHORT)
    except Unreachable:
        return True
    return False


def test_an_idle_connection_that_the_broker_closed_is_opened_again(url):
    with (
        Proxy(url) as proxy,
        AmqpPublisher(proxy.url, heartbeat=timedelta(seconds=1)) as publisher,
    ):
        publisher.publish([numbered(1)], timeout=TIMEOUT)
        wait_until(lambda: proxy.left_by_server)  # nobody's heart was beating

        publisher.publish([numbered(2)], timeout=TIMEOUT)

        assert proxy.connections == 2
    assert queued(url) == ["e1-1", "e1-2"]


def test_a_connection_whose_heartbeats_stay_away_is_opened_again(url):
    with (
        Proxy(url) as proxy,
        AmqpPublisher(proxy.url, heartbeat=timedelta(seconds=1)) as publisher,
    ):
        publisher.publish([numbered(1)], timeout=TIMEOUT)
        proxy.swallow()
        let_pass(2.5)

        publisher.publish([numbered(2)], timeout=timedelta(seconds=1))

        assert proxy.connections == 2
    assert queued(url) == ["e1-1", "e1-2"]


def test_a_connection_on_which_time_ran_out_in_silence_is_opened_again(url):
    with Proxy(url) as proxy, AmqpPublisher(proxy.url) as publisher:
        publisher.publish([numbered(1)], timeout=TIMEOUT)
        proxy.swallow()
        seconds_to_fail(publisher, SHORT)

        publisher.publish([numbered(2)], timeout=TIMEOUT)

    assert queued(url) == ["e1-1", "e1-2"]


@pytest.mark.parametrize("cut_after", [1, 300, 5_000, 250_000])
def test_a_connection_that_is_cut_in_the_middle_loses_nothing(url, cut_after):
    events = [numbered(n, f"e{n % 5}", payload="x" * 500) for n in range(500)]
    with Proxy(url) as proxy, AmqpPublisher(proxy.url) as publisher:
        publisher.publish([numbered("first")], timeout=TIMEOUT)
        proxy.cut_after(cut_after)

        publisher.publish(events, timeout=TIMEOUT)

        assert proxy.connections == 2
    assert first_of_each(queued(url)[1:]) == [event.id for event in events]


def test_a_broker_that_answers_byte_by_byte_is_understood(url):
    events = [numbered(n, f"e{n % 5}") for n in range(50)]
    with Proxy(url) as proxy, AmqpPublisher(proxy.url) as publisher:
        proxy.crumble()

        publisher.publish(events, timeout=TIMEOUT)

        assert proxy.connections == 1
    assert queued(url) == [event.id for event in events]
