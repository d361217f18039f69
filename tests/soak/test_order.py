# SPDX-License-Identifier: Apache-2.0
"""Order through many deaths and changes of mind: 20,000 events of 50 executions."""

import random
import time

import pytest

from bridge.client import BridgeClient
from tests.bridges import side_by_side
from tests.inorder import events, inversions, names
from tests.soak.engine import Engine
from tests.tally import Tally

EXECUTIONS, EACH = 50, 400
SHORT_EACH = 80
DEATHS = 10
SWITCHED_AT = (2, 5, 8)
"""After so many deaths nobody wishes for order any more, and then somebody does again."""

RATE = 100  # so that they still flow when the last wish changes
HOLDS_WITHIN_SECONDS = 2
REFUSED = 0.02
SETTLED_SECONDS = 1200
WISH = {
    "ordered": True,
    "project": "acme",
    "timeout_seconds": 1,  # so that a killed bridge's lease is soon over
    "retry": {"delays_seconds": [0.05] * 20, "jitter": 0.2},
}


@pytest.fixture
def bridges(tmp_path, amqp_url, postgres_url, extent):
    """Two bridges on one queue and one database."""
    client = extent.client
    with side_by_side(
        2, tmp_path, amqp_url, postgres_url, OS_CALLBACKS__CLIENT=client
    ) as both:
        yield both


class Wish:
    """For order, of one listener, while events flow.

    Attributes:
        exempt: Events that were published while it did not hold, or were under way.
        lapses: How many were published meanwhile, of each time.
    """

    def __init__(self, bridge, listener, engine, tally):
        self.exempt = set()
        self.lapses = []
        self._bridge = bridge
        self._listener = listener
        self._engine = engine
        self._tally = tally

    def lapse(self):
        """Do without order for some events, then want it again."""
        last = len(self._engine.confirmed)
        told = set(self._tally.calls)
        self.exempt.update(set(self._engine.confirmed[:last]) - told)
        self._set(to=False)
        self._engine.wait_for_more()
        self._set(to=True)
        time.sleep(HOLDS_WITHIN_SECONDS)  # nobody tells when it has: that is promised
        self._engine.wait_for_more()
        during = self._engine.confirmed[last:]
        self.exempt.update(during)
        self.lapses.append(len(during))

    def _set(self, *, to):
        with BridgeClient(self._bridge.url) as client:
            client.listeners.patch(self._listener["id"], {"ordered": to})


@pytest.mark.timeout(1800)
def test_every_executions_order_outlives_many_deaths_and_changes(
    bridges, amqp_url, extent, note
):
    chance = random.Random(extent.seed)  # noqa: S311 - which calls fail, no secret
    wanted = names(EXECUTIONS, SHORT_EACH if extent.is_short else EACH)
    one, two = bridges
    with Tally(refuses=lambda: chance.random() < REFUSED) as tally:
        listener = one.add_listener(tally.url, **WISH)
        two.wait_until(lambda: two.metric("notifier_bridge_listeners") == 1)
        with Engine(amqp_url, iter(events(wanted)), RATE) as engine:
            wish = Wish(one, listener, engine, tally)
            for death in range(1, DEATHS + 1):
                tally.wait_for_some(
                    len(wanted) * death // (DEATHS + 2), SETTLED_SECONDS
                )
                dies = bridges[death % 2]
                dies.kill()
                dies.start()
                if death in SWITCHED_AT:
                    wish.lapse()
            engine.wait()
            tally.wait_for(wanted, SETTLED_SECONDS)

    in_order = [name for name in tally.calls if name not in wish.exempt]
    found = inversions(in_order)
    what = f"{len(wanted):,} ordered events, {EXECUTIONS} executions"
    note(
        {
            f"{what}: bridges killed": DEATHS,
            f"{what}: order switched off and on again, times": len(SWITCHED_AT),
            f"{what}: published while it was on": f"{len(in_order):,}",
            f"{what}: of these came too early": len(found),
            f"{what}: told twice": tally.repeated,
        }
    )
    assert found == []
    assert all(wish.lapses)
    assert len(in_order) > len(wanted) / 2
