# SPDX-License-Identifier: Apache-2.0
"""Several bridges at one real database, at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.store.journal import Entry
from tests.stored import MINUTE, NOW, a_delivery, a_listener, an_attempt, an_envelope

LATER = NOW + MINUTE
MUCH_LATER = LATER + MINUTE


@pytest.fixture
def listener(stores):
    listener = a_listener()
    stores.listeners.add(listener)
    return listener


@pytest.fixture
def waiting(stores, listener):
    """Sixty deliveries that are due."""
    envelopes = [an_envelope(str(n)) for n in range(60)]
    deliveries = [a_delivery(envelope, listener) for envelope in envelopes]
    stores.journal().write(
        Entry(arrived=(envelope, NOW), deliveries=(delivery,))
        for envelope, delivery in zip(envelopes, deliveries, strict=True)
    )
    return deliveries


@pytest.mark.usefixtures("waiting")
def test_bridges_that_claim_at_once_never_take_the_same(stores, listener):
    def claim(number):
        journal, mine = stores.journal(f"bridge {number}"), []
        while taken := journal.claim({listener.id: 5}, now=LATER, until=MUCH_LATER):
            mine += [delivery.event_id for delivery, _ in taken]
        return mine

    with ThreadPoolExecutor(4) as bridges:
        taken = [one for mine in bridges.map(claim, range(4)) for one in mine]

    assert sorted(taken, key=int) == [str(n) for n in range(60)]


def test_bridges_that_write_the_same_in_another_order_do_not_wait_for_each_other(
    stores, waiting
):
    outcomes = [
        Entry(deliveries=(delivery,), attempts=(an_attempt(delivery),))
        for delivery in waiting
    ]

    def write(mine):
        for _ in range(30):
            stores.journal().write(mine)

    with ThreadPoolExecutor(2) as bridges:
        list(bridges.map(write, [outcomes, outcomes[::-1]]))

    assert len(stores.deliveries.find(limit=100)) == len(waiting)
