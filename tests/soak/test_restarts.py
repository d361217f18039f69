# SPDX-License-Identifier: Apache-2.0
"""Two bridges that are restarted in turn, again and again: all is told, and told once."""

import pytest

from tests.bridges import side_by_side
from tests.load import Load
from tests.tally import Tally

RESTARTS = 20
SHORT_RESTARTS = 4
BETWEEN = 50


@pytest.fixture
def tally():
    with Tally() as tally:
        yield tally


@pytest.fixture
def both(tmp_path, amqp_url, postgres_url, extent, tally):
    """Two bridges that know of one listener."""
    client = extent.client
    with side_by_side(
        2, tmp_path, amqp_url, postgres_url, OS_CALLBACKS__CLIENT=client
    ) as both:
        both[0].add_listener(tally.url, project="acme")
        for bridge in both:
            bridge.wait_until(lambda b=bridge: b.metric("notifier_bridge_listeners"))
        yield both


@pytest.mark.timeout(600)
def test_rolling_restarts_lose_and_repeat_nothing(extent, note, both, tally, amqp_url):
    restarts = SHORT_RESTARTS if extent.is_short else RESTARTS
    with Load(amqp_url, pace_seconds=0.05) as load:
        for number in range(restarts):
            bridge = both[number % 2]
            load.wait_for_more(BETWEEN)
            bridge.terminate()
            assert bridge.end() == 0
            bridge.start()

    tally.wait_for(load.confirmed)
    note(
        {
            "restarts: how many": restarts,
            "restarts: events meanwhile": f"{len(load.confirmed):,}",
            "restarts: events told twice": tally.repeated,
        }
    )
    assert tally.repeated == 0
