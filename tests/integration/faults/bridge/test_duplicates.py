# SPDX-License-Identifier: Apache-2.0
"""What is published twice is told once, and without a fault nothing is told twice."""

from functools import partial

import pytest

from bridge.client import BridgeClient
from bridge.embedded import EmbeddedBridge
from bridge.settings import (
    ApiSettings,
    BusSettings,
    CallbackSettings,
    DatabaseSettings,
    SecretSettings,
    Settings,
)
from notifier.publishers.amqp import AmqpPublisher
from tests import figures
from tests.bridges import BridgeProcess
from tests.load import publish_named
from tests.outboxes import wait_until
from tests.served import KEY
from tests.tally import Tally

DELIVERED = {"state": "delivered"}
MANY = 2000  # make soak has 100,000
ATTEMPTS = "notifier_bridge_attempt_seconds_count"
TAKEN = "notifier_bridge_events_total"
OPEN = "notifier_bridge_open_events"


@pytest.fixture
def bridge(tmp_path, amqp_url):
    with BridgeProcess(tmp_path, amqp_url) as bridge:
        yield bridge


@pytest.fixture
def publish(amqp_url):
    """Publishes events of these names; they are confirmed when it returns."""
    with AmqpPublisher(amqp_url) as publisher:
        yield partial(publish_named, publisher)


def test_an_event_published_again_after_it_was_settled_is_told_once(
    bridge, ledger, publish
):
    bridge.add_listener(ledger.url, project="acme")
    publish(["twice"])
    bridge.wait_until_delivered(["twice"])
    # recorded is not settled yet: until then a copy joins its twin, and is not taken in
    bridge.wait_until(lambda: bridge.metric(OPEN) == 0)

    publish(["twice", "next"])
    bridge.wait_until_delivered(["twice", "next"])

    bridge.wait_until(lambda: bridge.metric(OPEN) == 0)
    bridge.wait_until(lambda: bridge.metric(TAKEN) == 3)
    assert {name: len(calls) for name, calls in ledger.ids.items()} == {
        "twice": 1,
        "next": 1,
    }


def test_so_it_is_by_a_bridge_that_was_killed_since(bridge, ledger, publish):
    bridge.add_listener(ledger.url, project="acme")
    publish(["twice"])
    bridge.wait_until_delivered(["twice"])

    bridge.kill()
    bridge.start()
    publish(["twice", "next"])
    ledger.wait_for(["next"])

    bridge.wait_until(lambda: bridge.metric(TAKEN) == 2)
    bridge.wait_until(lambda: bridge.metric(OPEN) == 0)
    assert len(ledger.ids["twice"]) == 1


def test_beyond_the_window_it_is_told_again_with_the_same_id(
    tmp_path, amqp_url, ledger, publish
):
    settings = Settings(
        api=ApiSettings(port=0),
        bus=BusSettings(amqp_url, duplicate_events=0),
        callbacks=CallbackSettings(allow_loopback=True),
        database=DatabaseSettings(f"sqlite:///{tmp_path / 'bridge.sqlite3'}"),
        secrets=SecretSettings(key=KEY),
    )
    with EmbeddedBridge(settings) as bridge, BridgeClient(bridge.url) as client:
        wanted = {"events": ["TASK"], "callback": {"url": ledger.url}}
        client.listeners.add({**wanted, "project": "acme"})
        for name in ("twice", "other"):
            publish([name])
            wait_until(lambda n=name: any(client.deliveries.find(event=n, **DELIVERED)))

        publish(["twice"])

        ledger.wait_for_calls("twice", 2)
    assert len(set(ledger.ids["twice"])) == 1


def test_without_a_fault_nothing_is_told_twice(
    tmp_path, amqp_url, postgres_url, publish
):
    secrets = {"DATABASE_URL": postgres_url, "OS_SECRETS__KEY": KEY}
    names = [str(number) for number in range(MANY)]
    with Tally() as tally, BridgeProcess(tmp_path, amqp_url, **secrets) as bridge:
        bridge.add_listener(tally.url, project="acme")
        publish(names)
        tally.wait_for(names)
        bridge.wait_until(lambda: bridge.metric(OPEN) == 0)

        assert bridge.metric(ATTEMPTS) == MANY
    figures.note({f"{MANY:,} events without a fault: told twice": tally.repeated})
    assert tally.repeated == 0
