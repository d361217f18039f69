# SPDX-License-Identifier: Apache-2.0
"""A bridge whose line to the broker is cut anywhere, or brings one byte at a time."""

import time

import pytest

from tests import figures
from tests.bridges import BridgeProcess
from tests.ledger import Ledger
from tests.load import BATCH, Load
from tests.servers.proxy import Proxy

WITHIN_SECONDS = 15
SOME = 100
CUTS = [
    *((count, "server") for count in (1, 7, 100, 5_000, 70_000)),
    *((count, "clients") for count in (1, 30, 1_000)),
]
"""Bytes that still get through, and whose; acks are 21 bytes each, events some 900."""
LOST = "the bus is lost"


@pytest.fixture
def proxy(amqp_url):
    with Proxy(amqp_url) as proxy:
        yield proxy


@pytest.fixture
def bridge(tmp_path, proxy):
    with Ledger() as ledger, BridgeProcess(tmp_path, proxy.url) as bridge:
        bridge.ledger = ledger
        bridge.add_listener(ledger.url, project="acme")
        yield bridge


def test_a_line_that_is_cut_in_the_middle_of_a_frame_loses_nothing(
    bridge, proxy, amqp_url
):
    ledger = bridge.ledger
    longest = 0
    with Load(amqp_url) as load:
        for cut in CUTS:
            load.wait_for_more(SOME)
            lost = bridge.said.count(LOST)
            proxy.cut_after(*cut)
            bridge.wait_until(lambda lost=lost: bridge.said.count(LOST) > lost)

            began = time.monotonic()
            load.wait_for_more(2 * BATCH)  # some are under way, and may have come over
            ledger.wait_for(load.confirmed[-1:])
            longest = max(longest, time.monotonic() - began)
    ledger.wait_for(load.confirmed)

    took = figures.seconds(longest)
    figures.note({"line cut in mid-frame: events told again after, at most": took})
    assert longest < WITHIN_SECONDS
    assert {len(set(ids)) for ids in ledger.ids.values()} == {1}


def test_a_line_of_single_bytes_is_understood(bridge, proxy, amqp_url):
    with Load(amqp_url) as load:
        load.wait_for(SOME)
        proxy.crumble()
        load.wait_for_more(SOME)
    bridge.ledger.wait_for(load.confirmed)

    assert LOST not in bridge.said
    assert {len(ids) for ids in bridge.ledger.ids.values()} == {1}
