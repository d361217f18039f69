# SPDX-License-Identifier: Apache-2.0
"""A bridge killed while it delivers, on each bus: what it took in is delivered later."""

from datetime import timedelta

import pytest

from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.http import HttpPublisher
from tests.bridges import BridgeProcess

TIMEOUT = timedelta(seconds=20)
NAMES = [str(number) for number in range(40)]
SLOTS = 16


@pytest.fixture
def bridge(tmp_path, bus_url, ledger):
    with BridgeProcess(tmp_path, bus_url) as bridge:
        bridge.add_listener(ledger.url, max_in_flight=SLOTS)
        yield bridge


@pytest.fixture
def publish(bridge, bus_url):
    """Publishes events; they are the bus's when it returns."""
    with (
        HttpPublisher(bridge.url) if bus_url is None else AmqpPublisher(bus_url) as bus
    ):
        yield lambda names: bus.publish(
            [
                Event.new("task.failed", event_id=name, execution="e1", task="charge")
                for name in names
            ],
            timeout=TIMEOUT,
        )


@pytest.mark.parametrize("are_recorded", [False, True], ids=["at-once", "recorded"])
def test_nothing_is_lost_and_a_repeat_has_the_same_id(
    bridge, ledger, publish, are_recorded
):
    """Killed before anything is recorded, and after all of it is held under a lease."""
    ledger.hold()
    publish(NAMES)
    ledger.wait_for(NAMES[:SLOTS])
    if are_recorded:
        bridge.wait_until(lambda: len(bridge.states()) == len(NAMES))

    bridge.kill()
    ledger.release()
    bridge.start()

    ledger.wait_for(NAMES)
    bridge.wait_until_delivered(NAMES)
    calls = {name: ledger.ids[name] for name in NAMES}
    assert {len(set(ids)) for ids in calls.values()} == {1}
    assert [len(calls[name]) for name in NAMES].count(2) == SLOTS


def test_what_was_settled_before_is_not_repeated(bridge, ledger, publish):
    publish(NAMES)
    bridge.wait_until_delivered(NAMES)

    bridge.kill()
    bridge.start()
    publish(["last"])

    ledger.wait_for(["last"])
    assert [len(ledger.ids[name]) for name in NAMES] == [1] * len(NAMES)
