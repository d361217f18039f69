# SPDX-License-Identifier: Apache-2.0
"""Healthy endpoints beside dead and slow ones: they are told as if these were not."""

import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from notifier.publishers.amqp import AmqpPublisher
from tests import figures
from tests.bridges import BridgeProcess
from tests.ledger import Ledger
from tests.load import an_event
from tests.servers.processes import free_port

TIMEOUT = timedelta(seconds=20)
HEALTHY = 20
EVENTS = 100
PACE_SECONDS = 0.03  # 33 events a second, each told to 20 endpoints
# Other tests have the processor too, now more, now less: what is promised is 1 s and 0.9,
# and the page has the figures. Without fair shares it is 14 s and 0.2.
P99_SECONDS = 5.0
RATE_KEPT = 0.4


class Rush:
    """Events, one after the other, to endpoints that note when each came."""

    def __init__(self, ledger, publisher, name):
        self._ledger = ledger
        names = [f"{name}-{number}" for number in range(EVENTS)]
        self._published = {}
        began = time.monotonic()
        for number, one in enumerate(names):
            due = began + number * PACE_SECONDS
            time.sleep(max(0.0, due - time.monotonic()))  # it is about a rate
            self._published[one] = time.monotonic()
            publisher.publish([an_event(one)], timeout=TIMEOUT)
        for one in names:
            ledger.wait_for_calls(one, HEALTHY)
        last = max(max(ledger.times[one]) for one in names)
        self.rate = EVENTS * HEALTHY / (last - began)

    @property
    def p99(self):
        """Seconds from publishing to arrival, of all but one in a hundred."""
        waits = sorted(
            at - published
            for one, published in self._published.items()
            for at in self._ledger.times[one]
        )
        return waits[len(waits) * 99 // 100]


@pytest.mark.parametrize("client", ["threads", "loop"])
def test_20_healthy_endpoints_beside_4_dead_or_slow_ones_are_told_as_if_alone(
    tmp_path, amqp_url, client
):
    with ExitStack() as stack:
        healthy, silent, busy = (stack.enter_context(Ledger()) for _ in range(3))
        publisher = stack.enter_context(AmqpPublisher(amqp_url))
        options = {"OS_CALLBACKS__CLIENT": client, "OS_LOG__LEVEL": "WARNING"}
        bridge = stack.enter_context(BridgeProcess(tmp_path, amqp_url, **options))
        silent.hold()
        busy.status = 503
        for number in range(HEALTHY):
            bridge.add_listener(f"{healthy.url}/{number}", project="acme")

        alone = Rush(healthy, publisher, "alone")
        for url in (
            f"{silent.url}/1",
            f"{silent.url}/2",
            busy.url,
            f"http://127.0.0.1:{free_port()}/",
        ):
            bridge.add_listener(url, project="acme")
        beside = Rush(healthy, publisher, "beside")

    figures.note(
        {
            f"20 healthy endpoints beside 4 bad ones, {client}: p99": (
                f"{beside.p99 * 1000:.0f} ms (alone {alone.p99 * 1000:.0f} ms)"
            ),
            f"20 healthy endpoints beside 4 bad ones, {client}: rate": (
                f"{beside.rate / alone.rate:.0%} of what they have alone"
            ),
        }
    )
    assert beside.p99 <= max(P99_SECONDS, 2 * alone.p99)
    assert beside.rate >= RATE_KEPT * alone.rate
