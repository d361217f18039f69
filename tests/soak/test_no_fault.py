# SPDX-License-Identifier: Apache-2.0
"""Nothing is killed, and nothing is told twice: as fast as the machine can."""

import time

import pytest

from tests import figures
from tests.bridges import BridgeProcess
from tests.load import an_event
from tests.served import KEY
from tests.soak.engine import Engine
from tests.tally import Tally

FAST = 5000
SETTLED_WITHIN_SECONDS = 900


@pytest.mark.timeout(1800)
def test_without_a_fault_nothing_is_told_twice(
    tmp_path, amqp_url, postgres_url, extent, note
):
    with (
        Tally() as tally,
        BridgeProcess(
            tmp_path,
            amqp_url,
            DATABASE_URL=postgres_url,
            OS_SECRETS__KEY=KEY,
            OS_LOG__LEVEL="WARNING",
            OS_CALLBACKS__CLIENT=extent.client,
        ) as bridge,
    ):
        bridge.add_listener(tally.url, project="acme")
        began = time.monotonic()
        with Engine(amqp_url, map(an_event, range(extent.events)), FAST) as engine:
            engine.wait()
        tally.wait_for(engine.confirmed, SETTLED_WITHIN_SECONDS)
        took = time.monotonic() - began
        bridge.wait_until(lambda: bridge.metric("notifier_bridge_open_events") == 0)

    what = f"no fault: {extent.events:,} events"
    note({f"{what} told in": figures.seconds(took)})
    note({f"{what} told twice": tally.repeated})
    assert tally.repeated == 0
