# SPDX-License-Identifier: Apache-2.0
"""A bridge in a process of its own on a real RabbitMQ: whatever is killed, nothing is lost."""

import json
import time

import amqp
import pytest

from bridge.model import State
from notifier.publishers.amqp import AmqpPublisher
from notifier.topology import (
    BRIDGE_QUEUE,
    DEAD_EXCHANGE,
    EXCHANGE,
    QUARANTINE_QUEUE,
)
from notifier.wire import to_amqp
from tests import figures
from tests.bridges import BridgeProcess
from tests.load import TIMEOUT, Load, an_event

QUORUM_SECONDS = 1.5  # a younger quorum queue is lost with its node (RabbitMQ 3.10)
CONSUMING_WITHIN_SECONDS = 15
LOAD = 200


@pytest.fixture
def bridge(tmp_path, amqp_url, ledger):
    with BridgeProcess(tmp_path, amqp_url) as bridge:
        bridge.add_listener(ledger.url, project="acme")
        yield bridge


@pytest.fixture
def publish(amqp_url):
    """Publishes events of these names; they are confirmed when it returns."""
    with AmqpPublisher(amqp_url) as publisher:
        yield lambda *names: publisher.publish(
            [an_event(name) for name in names], timeout=TIMEOUT
        )


def test_a_broker_killed_under_load_loses_nothing_that_was_confirmed(
    tmp_path, own_rabbit, ledger
):
    with BridgeProcess(tmp_path, own_rabbit.url) as bridge:
        bridge.add_listener(ledger.url, project="acme")
        time.sleep(QUORUM_SECONDS)  # the broker tells nobody when the queue is safe
        with Load(own_rabbit.url) as load:
            load.wait_for(LOAD)
            own_rabbit.kill()
            bridge.wait_until(lambda: not bridge.is_ready())

            own_rabbit.start()
            began = time.monotonic()
            bridge.wait_until_ready(CONSUMING_WITHIN_SECONDS)
            took = figures.seconds(time.monotonic() - began)
            figures.note({"RabbitMQ killed: bridge takes events again after": took})

            load.wait_for_more(LOAD)
        ledger.wait_for(load.confirmed)


def test_what_is_no_event_is_set_aside_and_the_next_one_is_delivered(
    bridge, ledger, publish, channel
):
    message = to_amqp(an_event("spy", project="other"))
    channel.basic_publish(amqp.Message("hello"), EXCHANGE, "greeting")
    channel.basic_publish(
        amqp.Message(
            message.body, application_headers=message.headers, **message.properties
        ),
        EXCHANGE,
        "task.failed.acme.-.-.charge",
    )
    publish("next")

    ledger.wait_for(["next"])
    bridge.wait_until(lambda: len(bridge.quarantine()) == 2)

    second, first = bridge.quarantine()
    assert first["body"] == "hello"
    assert first["reason"].startswith("body: is not JSON")
    assert json.loads(second["body"])["data"]["project"] == "other"
    assert second["reason"] == (
        "project: is 'acme' in the routing key, but 'other' in the body"
    )
    assert bridge.metric("notifier_bridge_quarantined_total") == 2
    assert list(ledger.ids) == ["next"]


def test_a_queue_that_is_deleted_is_consumed_again(bridge, ledger, publish, channel):
    publish("before")
    ledger.wait_for(["before"])

    channel.queue_delete(BRIDGE_QUEUE)
    bridge.wait_until(lambda: "the bus is lost" in bridge.said)
    bridge.wait_until_ready(CONSUMING_WITHIN_SECONDS)

    publish("after")
    ledger.wait_for(["after"])


def test_what_was_deleted_is_declared_again_with_its_bindings(
    bridge, ledger, publish, channel
):
    publish("before")
    ledger.wait_for(["before"])

    channel.exchange_delete(EXCHANGE)
    publish("between")
    ledger.wait_for(["between"])
    for name in (EXCHANGE, DEAD_EXCHANGE):
        channel.exchange_delete(name)
    for name in (QUARANTINE_QUEUE, BRIDGE_QUEUE):
        channel.queue_delete(name)
    bridge.wait_until(lambda: bridge.said.count("the bus is lost") == 2)
    bridge.wait_until_ready(CONSUMING_WITHIN_SECONDS)

    # by one that declares nothing
    channel.basic_publish(amqp.Message("hello"), EXCHANGE, "greeting")
    message = to_amqp(an_event("after"))
    channel.basic_publish(
        amqp.Message(
            message.body, application_headers=message.headers, **message.properties
        ),
        EXCHANGE,
        message.routing_key,
    )
    ledger.wait_for(["after"])
    bridge.wait_until(bridge.quarantine)
    assert [one["body"] for one in bridge.quarantine()] == ["hello"]


def test_sigterm_lets_attempts_end_and_records_them(bridge, ledger, publish, channel):
    names = [str(number) for number in range(20)]
    ledger.hold()
    publish(*names)
    ledger.wait_for(names)

    bridge.terminate()
    bridge.wait_until(lambda: "stopping" in bridge.said)
    ledger.release()

    assert bridge.end() == 0
    assert bridge.states() == dict.fromkeys(names, State.DELIVERED)
    assert channel.basic_get(BRIDGE_QUEUE) is None


def test_an_event_published_twice_is_told_once_while_it_is_under_way(
    bridge, ledger, publish, channel
):
    ledger.hold()
    publish("twin")
    ledger.wait_for(["twin"])
    publish("twin", "last")
    ledger.wait_for(["last"])

    ledger.release()
    bridge.terminate()

    assert bridge.end() == 0
    assert len(ledger.ids["twin"]) == 1
    assert bridge.states() == {"twin": State.DELIVERED, "last": State.DELIVERED}
    assert channel.basic_get(BRIDGE_QUEUE) is None
