# SPDX-License-Identifier: Apache-2.0
"""Two bridges on one RabbitMQ and one PostgreSQL keep every execution's order."""

import random
import threading
import time
from datetime import timedelta

import pytest

from bridge.client import BridgeClient
from bridge.store.database import Database
from notifier.publishers.amqp import AmqpPublisher
from tests import figures
from tests.bridges import side_by_side
from tests.inorder import events, inversions, names
from tests.stored import Stores
from tests.tally import Tally

TIMEOUT = timedelta(seconds=20)
EXECUTIONS, EACH = 20, 50  # make soak has 20,000 events
BATCH = 100
HOLDS_WITHIN_SECONDS = 2
SETTLED_SECONDS = 120
ORDERED = {
    "ordered": True,
    "project": "acme",
    "timeout_seconds": 1,  # so that a killed bridge's lease is soon over
    "retry": {"delays_seconds": [0.05] * 20, "jitter": 0.2},
}


@pytest.fixture
def bridges(tmp_path, amqp_url, postgres_url):
    """Two bridges, ready."""
    with side_by_side(2, tmp_path, amqp_url, postgres_url) as both:
        yield both


@pytest.fixture
def publish(amqp_url):
    with AmqpPublisher(amqp_url) as publisher:

        def publish(some):
            for start in range(0, len(some), BATCH):
                publisher.publish(events(some[start : start + BATCH]), timeout=TIMEOUT)

        yield publish


def know(bridges, count=1):
    for bridge in bridges:
        bridge.wait_until(
            lambda b=bridge: b.metric("notifier_bridge_listeners") == count
        )


def positions(postgres_url):
    """Return event id to position of its delivery, of those that have one."""
    with Database(postgres_url) as database:
        found = Stores(database).deliveries.find(limit=100_000)
    return {one.event_id: one.position for one in found if one.position is not None}


def test_every_executions_order_outlives_the_bridges(bridges, publish, postgres_url):
    chance = random.Random(5)  # noqa: S311 - which calls fail, no secret
    with Tally(refuses=lambda: chance.random() < 0.05) as tally:
        bridges[0].add_listener(tally.url, **ORDERED)
        know(bridges)
        wanted = names(EXECUTIONS, EACH)
        engine = threading.Thread(target=publish, args=(wanted,))
        engine.start()
        for part, bridge in enumerate((*bridges, bridges[0]), 1):
            tally.wait_for_some(len(wanted) * part // 5)
            bridge.kill()
            bridge.start()
        engine.join()
        tally.wait_for(wanted, SETTLED_SECONDS)

    what = f"{len(wanted):,} events of {EXECUTIONS} executions, two bridges killed"
    found = inversions(tally.calls)
    figures.note({f"{what}: came too early": len(found)})
    figures.note({f"{what}: came twice": tally.repeated})
    assert found == []
    assert positions(postgres_url).keys() == set(wanted)


def test_order_may_be_wished_for_while_events_flow(bridges, publish, postgres_url):
    rounds, each = 4, 25
    with Tally() as tally:
        added = bridges[0].add_listener(tally.url, **{**ORDERED, "ordered": False})
        know(bridges)
        first = 0
        in_order = []
        for turn in range(rounds):
            is_ordered = bool(turn % 2)
            with BridgeClient(bridges[0].url) as client:
                client.listeners.patch(added["id"], {"ordered": is_ordered})
            changed = time.monotonic()
            during = names(EXECUTIONS, each, first)
            publish(during)
            first += each
            # What is published while the change takes hold is told either way.
            tally.wait_for_some(first * EXECUTIONS)
            left = changed + HOLDS_WITHIN_SECONDS - time.monotonic()
            time.sleep(max(0, left))  # nobody tells when it has: so much is promised
            after = names(EXECUTIONS, each, first)
            publish(after)
            first += each
            in_order += after if is_ordered else []
        tally.wait_for(names(EXECUTIONS, first), SETTLED_SECONDS)

    settled = set(in_order)
    assert settled <= positions(postgres_url).keys()
    assert inversions(name for name in tally.calls if name in settled) == []
