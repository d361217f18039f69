# SPDX-License-Identifier: Apache-2.0
"""Bridges on one RabbitMQ and one PostgreSQL: killed, ended, restarted, nothing lost."""

import threading
import time
from collections import Counter
from contextlib import ExitStack
from functools import partial

import pytest

from bridge.model import State
from bridge.receiver import Receiver
from notifier.publishers.amqp import AmqpPublisher
from tests import figures
from tests.bridges import side_by_side
from tests.load import Load, publish_named
from tests.tally import Tally

MANY = 21_000  # a kill repeats at most [bus] prefetch = 300: two, less than 3 %
REPEATED_AT_MOST = 0.03
TAKEN_OVER_WITHIN_SECONDS = 30
RESTARTS = 4  # make soak has 20
IN_FLIGHT = 50
SHORT_SECONDS = 3  # a lease is 5 s longer
ATTEMPTS = "notifier_bridge_attempt_seconds_count"


@pytest.fixture
def tally():
    with Tally() as tally:
        yield tally


@pytest.fixture
def bridges(tmp_path, amqp_url, postgres_url):
    """As many bridges as wanted, started at once and ready."""
    with ExitStack() as stack:

        def bridges(count):
            running = side_by_side(count, tmp_path, amqp_url, postgres_url)
            return stack.enter_context(running)

        yield bridges


@pytest.fixture
def publish(amqp_url):
    """Publishes events of these names; they are confirmed when it returns."""
    with AmqpPublisher(amqp_url) as publisher:
        yield partial(publish_named, publisher)


def listen(url, *bridges, **members):
    """Register a listener, and wait until every bridge knows of it."""
    bridges[0].add_listener(url, project="acme", **members)
    for bridge in bridges:
        bridge.wait_until(lambda b=bridge: b.metric("notifier_bridge_listeners") == 1)


def numbered(count):
    return [str(number) for number in range(count)]


def test_a_bridge_killed_twice_under_load_loses_nothing(bridges, tally, publish):
    (bridge,) = bridges(1)
    listen(tally.url, bridge, timeout_seconds=SHORT_SECONDS)
    names = numbered(MANY)
    began = time.monotonic()
    engine = threading.Thread(target=publish, args=(names,))
    engine.start()
    for part in (1, 2):
        tally.wait_for_some(MANY * part // 3)
        bridge.kill()
        bridge.start()
    engine.join()
    tally.wait_for(names)
    took = time.monotonic() - began

    bridge.wait_until_delivered(names)
    figures.note(
        {
            f"{MANY:,} events, bridge killed twice: all told in": figures.seconds(took),
            f"{MANY:,} events, bridge killed twice: told twice": tally.repeated,
        }
    )
    assert tally.repeated < MANY * REPEATED_AT_MOST


def test_a_bridge_takes_over_what_a_killed_one_had_under_way(bridges, ledger, publish):
    one, two = bridges(2)
    names = numbered(IN_FLIGHT)
    two.terminate()
    two.end()
    listen(ledger.url, one, timeout_seconds=SHORT_SECONDS)
    ledger.hold()
    publish(names)
    ledger.wait_for(names)
    one.wait_until(lambda: len(one.states()) == len(names))  # parked under a lease
    two.start()

    one.kill()
    killed = time.monotonic()
    ledger.release()
    for name in names:
        ledger.wait_for_calls(name, 2)
    took = time.monotonic() - killed

    two.wait_until_delivered(names)
    figures.note(
        {"attempts of a killed bridge: begun again after": figures.seconds(took)}
    )
    assert took < TAKEN_OVER_WITHIN_SECONDS
    assert {len(set(ledger.ids[name])) for name in names} == {1}


class Checker:
    """A receiver that fails each delivery twice, and sees which are tried at once."""

    def __init__(self):
        self.tries = Counter()
        self.overlapping = set()
        self._under_way = set()
        self._lock = threading.Lock()

    def begin(self, received):
        key = received.headers["webhook-id"]
        with self._lock:
            if key in self._under_way:
                self.overlapping.add(key)
            self._under_way.add(key)
            self.tries[key] += 1

    def answer(self, received):
        key = received.headers["webhook-id"]
        time.sleep(0.02)  # an attempt takes its time
        with self._lock:
            self._under_way.discard(key)
            # no sign of an endpoint that is ill: it would be left alone for a while
            return 200 if self.tries[key] > 2 else 409


def test_a_parked_delivery_is_tried_by_one_bridge_at_a_time(bridges, publish):
    one, two = bridges(2)
    names = numbered(400)
    checker = Checker()
    with Receiver(
        "127.0.0.1", 0, on_delivery=checker.begin, answer=checker.answer
    ) as receiver:
        retry = {"delays_seconds": [0.1, 0.1], "jitter": 0.2}
        listen(f"{receiver.url}/hook", one, two, max_in_flight=8, retry=retry)
        publish(names)
        one.wait_until_delivered(names)

    assert checker.overlapping == set()
    assert set(checker.tries.values()) == {3}
    shares = [bridge.metric(ATTEMPTS) for bridge in (one, two)]
    assert min(shares) > 0
    assert sum(shares) == checker.tries.total()


def test_sigterm_lets_all_that_is_in_flight_end(bridges, ledger, publish):
    (bridge,) = bridges(1)
    listen(ledger.url, bridge)
    names = numbered(IN_FLIGHT)
    ledger.hold()
    publish(names)
    ledger.wait_for(names)

    bridge.terminate()
    bridge.wait_until(lambda: "stopping" in bridge.said)
    ledger.release()

    assert bridge.end() == 0
    assert bridge.states() == dict.fromkeys(names, State.DELIVERED)
    assert {len(calls) for calls in ledger.ids.values()} == {1}


def test_an_event_that_comes_to_two_bridges_has_one_webhook_id(
    bridges, ledger, publish
):
    both = bridges(2)
    listen(ledger.url, *both)
    ledger.hold()
    publish(["twice"])
    ledger.wait_for(["twice"])

    for _ in both:  # they take turns: one of the copies is the other's
        publish(["twice"])
    ledger.wait_for_calls("twice", 2)
    ledger.release()

    both[0].wait_until_delivered(["twice"])
    assert len(set(ledger.ids["twice"])) == 1


def test_rolling_restarts_lose_and_repeat_nothing(bridges, tally, amqp_url):
    both = bridges(2)
    listen(tally.url, *both)
    with Load(amqp_url, pace_seconds=0.05) as load:
        for number in range(RESTARTS):
            bridge = both[number % 2]
            load.wait_for_more(50)
            bridge.terminate()
            assert bridge.end() == 0
            bridge.start()

    tally.wait_for(load.confirmed)
    both[0].wait_until_delivered(load.confirmed)
    figures.note(
        {
            f"{RESTARTS} rolling restarts: events meanwhile": len(load.confirmed),
            f"{RESTARTS} rolling restarts: events told twice": tally.repeated,
        }
    )
    assert tally.repeated == 0
