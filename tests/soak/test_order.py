# SPDX-License-Identifier: Apache-2.0
"""Order through many deaths: 20,000 events of 50 executions, two bridges."""

import random
import threading
from datetime import timedelta

import pytest

from notifier.publishers.amqp import AmqpPublisher
from tests.bridges import BridgeProcess
from tests.inorder import events, inversions, names
from tests.served import KEY
from tests.tally import Tally

EXECUTIONS, EACH = 50, 400
BATCH = 100
DEATHS = 10
TIMEOUT = timedelta(seconds=60)
SETTLED_SECONDS = 1200


@pytest.mark.timeout(1800)
def test_every_executions_order_outlives_many_deaths(
    tmp_path, amqp_url, postgres_url, extent, note
):
    chance = random.Random(extent.seed)  # noqa: S311 - which calls fail, no secret
    wanted = names(EXECUTIONS, EACH)

    def publish():
        with AmqpPublisher(amqp_url) as publisher:
            for start in range(0, len(wanted), BATCH):
                some = events(wanted[start : start + BATCH])
                publisher.publish(some, timeout=TIMEOUT)

    def bridge(name):
        home = tmp_path / name
        home.mkdir()
        settings = {"DATABASE_URL": postgres_url, "OS_SECRETS__KEY": KEY}
        return BridgeProcess(home, amqp_url, OS_LOG__LEVEL="WARNING", **settings)

    with (
        Tally(refuses=lambda: chance.random() < 0.02) as tally,
        bridge("1") as one,
        bridge("2") as two,
    ):
        one.add_listener(
            tally.url,
            ordered=True,
            project="acme",
            timeout_seconds=1,
            retry={"delays_seconds": [0.05] * 20, "jitter": 0.2},
        )
        two.wait_until(lambda: two.metric("notifier_bridge_listeners") == 1)
        engine = threading.Thread(target=publish)
        engine.start()
        for death in range(1, DEATHS + 1):
            tally.wait_for_some(len(wanted) * death // (DEATHS + 2), SETTLED_SECONDS)
            dies = (one, two)[death % 2]
            dies.kill()
            dies.start()
        engine.join()
        tally.wait_for(wanted, SETTLED_SECONDS)

    what = f"{len(wanted):,} ordered events, {EXECUTIONS} executions, {DEATHS} deaths"
    found = inversions(tally.calls)
    note({f"{what}: came too early": len(found)})
    note({f"{what}: told twice": tally.repeated})
    assert found == []
