# SPDX-License-Identifier: Apache-2.0
"""A bridge or a broker that dies while an engine waits for a verdict: it waits no longer."""

import threading
import time
from datetime import timedelta

import pytest

from bridge.client import BridgeClient
from notifier.notifier import Notifier
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.http import HttpPublisher
from notifier.verdict import Ruling
from tests.bridges import BridgeProcess
from tests.contract.callers import a_start
from tests.gatekeeper import Gatekeeper

WAIT = timedelta(seconds=2)
LONG = timedelta(seconds=30)
SLACK_SECONDS = 0.8


class Call:
    """A call on a thread of its own.

    Attributes:
        verdict: What came of it.
        seconds: How long that took.
    """

    def __init__(self, notifier, event, **members):
        self._ask = lambda: notifier.call(event, **members)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self):
        """Wait for its end and return the verdict."""
        self._thread.join()
        return self.verdict

    def _run(self):
        started = time.monotonic()
        self.verdict = self._ask()
        self.seconds = time.monotonic() - started


def listen(bridge, keeper):
    """Register a listener that is waited for, and answers when it is released."""
    callback = {"url": keeper.url("/slow"), "mode": "call"}
    with BridgeClient(bridge.url) as client:
        client.listeners.add({"events": ["TASK"], "callback": callback})


@pytest.fixture
def keeper():
    with Gatekeeper() as keeper:
        yield keeper


@pytest.fixture
def bridge(tmp_path, bus_url, keeper):
    with BridgeProcess(tmp_path, bus_url) as bridge:
        listen(bridge, keeper)
        yield bridge


@pytest.fixture
def notifier(bridge, bus_url):
    publisher = HttpPublisher(bridge.url) if bus_url is None else AmqpPublisher(bus_url)
    with Notifier(publisher) as notifier:
        yield notifier


def test_a_bridge_killed_in_the_middle_keeps_nobody_waiting(bridge, notifier, keeper):
    event = a_start("orders")
    call = Call(notifier, event, timeout=WAIT, on_timeout="refuse")
    keeper.wait_for(1, event.id)

    bridge.kill()

    verdict = call.end()
    assert verdict.ruling is Ruling.UNANSWERED
    assert not verdict
    assert call.seconds < WAIT.total_seconds() + SLACK_SECONDS
    bridge.start()
    keeper.wait_for(2, event.id)
    ids = {headers["webhook-id"] for headers in keeper.of(event.id)}
    assert len(ids) == 1


def test_a_bridge_that_is_back_in_time_asks_again(bridge, notifier, keeper):
    event = a_start("orders")
    call = Call(notifier, event, timeout=LONG, on_timeout="refuse")
    keeper.wait_for(1, event.id)

    bridge.kill()
    keeper.release()
    bridge.start()

    verdict = call.end()
    assert verdict
    assert [one.is_answered for one in verdict.answers] == [True]


@pytest.mark.parametrize(
    ("harm", "cure"), [("kill", "start"), ("freeze", "thaw")], ids=["kill", "freeze"]
)
def test_a_broker_lost_in_the_middle_keeps_nobody_waiting(
    own_rabbit, tmp_path, keeper, harm, cure
):
    """The queue is a classic one: see `RabbitNode` on young quorum queues."""
    event, url = a_start("orders"), own_rabbit.url
    with (
        BridgeProcess(tmp_path, url, OS_BUS__QUEUE_TYPE="classic") as bridge,
        Notifier(AmqpPublisher(url, queue_type="classic")) as notifier,
    ):
        listen(bridge, keeper)
        call = Call(notifier, event, timeout=WAIT, on_timeout="refuse")
        keeper.wait_for(1, event.id)

        getattr(own_rabbit, harm)()

        assert call.end().ruling is Ruling.UNANSWERED
        assert call.seconds < WAIT.total_seconds() + SLACK_SECONDS
        getattr(own_rabbit, cure)()
        keeper.release()
        bridge.wait_until_ready()
        again = Call(notifier, a_start("orders"), timeout=LONG)
        assert [one.is_answered for one in again.end().answers] == [True]
