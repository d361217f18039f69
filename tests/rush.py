# SPDX-License-Identifier: Apache-2.0
"""Healthy endpoints that are told alone, then beside dead and slow ones."""

import time
from contextlib import ExitStack
from datetime import timedelta

from notifier.publishers.amqp import AmqpPublisher
from tests.bridges import BridgeProcess
from tests.ledger import Ledger
from tests.load import an_event
from tests.servers.processes import free_port

TIMEOUT = timedelta(seconds=20)
HEALTHY = 20
PACE_SECONDS = 0.03  # 33 events a second, each told to 20 endpoints


class Rush:
    """Events, one after the other, to endpoints that note when each came.

    Attributes:
        rate: So many were told a second.
    """

    def __init__(self, ledger, publisher, name, count):
        self._ledger = ledger
        names = [f"{name}-{number}" for number in range(count)]
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
        self.rate = count * HEALTHY / (last - began)

    @property
    def p99(self):
        """Seconds from publishing to arrival, of all but one in a hundred."""
        waits = sorted(
            at - published
            for one, published in self._published.items()
            for at in self._ledger.times[one]
        )
        return waits[len(waits) * 99 // 100]


def alone_and_beside(home, amqp_url, client, count, **settings):
    """Return two rushes: of healthy endpoints alone, and beside four that are not.

    Two of these never answer, one answers 503, one is not there.

    Args:
        home: Of the bridge.
        amqp_url: Of the bus.
        client: What sends webhooks.
        count: Events of each rush.
        **settings: Of the bridge, by their names in the environment.
    """
    with ExitStack() as stack:
        healthy, silent, busy = (stack.enter_context(Ledger()) for _ in range(3))
        publisher = stack.enter_context(AmqpPublisher(amqp_url))
        options = {"OS_CALLBACKS__CLIENT": client, "OS_LOG__LEVEL": "WARNING"}
        bridge = BridgeProcess(home, amqp_url, **options, **settings)
        stack.enter_context(bridge)
        silent.hold()
        busy.status = 503
        for number in range(HEALTHY):
            bridge.add_listener(f"{healthy.url}/{number}", project="acme")

        alone = Rush(healthy, publisher, "alone", count)
        for url in (
            f"{silent.url}/1",
            f"{silent.url}/2",
            busy.url,
            f"http://127.0.0.1:{free_port()}/",
        ):
            bridge.add_listener(url, project="acme")
        return alone, Rush(healthy, publisher, "beside", count)


def told(client, alone, beside):
    """Return both as figures."""
    what = f"{HEALTHY} healthy endpoints beside 4 bad ones, {client}"
    return {
        f"{what}: p99": (
            f"{beside.p99 * 1000:.0f} ms (alone {alone.p99 * 1000:.0f} ms)"
        ),
        f"{what}: rate": f"{beside.rate / alone.rate:.0%} of what they have alone",
    }
