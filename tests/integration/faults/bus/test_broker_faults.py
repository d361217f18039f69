# SPDX-License-Identifier: Apache-2.0
"""A bridge while its broker misbehaves: it takes events again at once, and none is lost."""

import time

import pytest

from tests import figures
from tests.bridges import BridgeProcess
from tests.ledger import Ledger
from tests.load import Load

WITHIN_SECONDS = 15
EVENTS = 100
OUTAGE_SECONDS = 3
LOST = "the bus is lost"
IMPATIENT = """
application:set_env(rabbit, consumer_timeout, 100),
application:set_env(rabbit, channel_tick_interval, 500).
"""
PATIENT = """
application:set_env(rabbit, consumer_timeout, 1800000),
application:set_env(rabbit, channel_tick_interval, 60000).
"""


@pytest.fixture
def node(harmed_rabbit):
    return harmed_rabbit


@pytest.fixture
def url(node, request):
    name = request.node.name.partition("[")[2].rstrip("]").replace(" ", "-")
    yield node.vhost(name)
    node.drop_vhost(name)


@pytest.fixture
def bridge(tmp_path, url):
    with Ledger() as ledger, BridgeProcess(tmp_path, url) as bridge:
        bridge.ledger = ledger
        bridge.add_listener(ledger.url, project="acme")
        yield bridge


def freeze(node, _):
    """Let the node stand still, its connections open."""
    node.freeze()
    try:
        time.sleep(OUTAGE_SECONDS)  # the outage is what the test is about
    finally:
        node.thaw()


def restart(node, bridge):
    """Let RabbitMQ end in order, and begin again."""
    node.ctl("stop_app")
    bridge.wait_until(lambda: not bridge.is_ready())
    node.ctl("start_app")


def close_connections(node, bridge):
    """Let the broker close every connection."""
    lost = bridge.said.count(LOST)
    node.ctl("close_all_connections", "--global", "maintenance")
    bridge.wait_until(lambda: bridge.said.count(LOST) > lost)


def close_channel(node, bridge):
    """Let the broker close the channel of whoever acks too late for its taste."""
    node.ctl("eval", IMPATIENT)
    try:
        close_connections(node, bridge)  # a channel reads the limits when it opens
        bridge.ledger.hold()
        bridge.wait_until(lambda: "delivery acknowledgement on channel" in bridge.said)
    finally:
        node.ctl("eval", PATIENT)
        node.ctl("close_all_connections", "--global", "patience")
        bridge.ledger.release()


def use_up_memory(node, bridge):
    """Let the broker block whoever publishes."""
    told = len(bridge.ledger.ids)
    node.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        time.sleep(OUTAGE_SECONDS)  # the outage is what the test is about
        assert len(bridge.ledger.ids) > told
        assert bridge.is_ready()
    finally:
        node.ctl("set_vm_memory_high_watermark", "0.4")


@pytest.mark.parametrize(
    "fault", [freeze, restart, close_connections, close_channel, use_up_memory]
)
def test_events_are_taken_again_within_seconds_and_none_is_lost(
    fault, node, url, bridge
):
    with Load(url) as load:
        load.wait_for(EVENTS)
        fault(node, bridge)

        began = time.monotonic()
        known = len(bridge.ledger.ids)
        bridge.wait_until_ready(WITHIN_SECONDS)
        bridge.wait_until(lambda: len(bridge.ledger.ids) > known)
        took = time.monotonic() - began
        load.wait_for_more(EVENTS)
    bridge.ledger.wait_for(load.confirmed)

    assert took < WITHIN_SECONDS
    name = fault.__name__.replace("_", " ")
    figures.note({f"RabbitMQ, {name}: events told again after": figures.seconds(took)})
