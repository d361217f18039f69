# SPDX-License-Identifier: Apache-2.0
"""Several bridges at one real database, at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert

from bridge.errors import Conflict
from bridge.model import State
from bridge.store import schema
from bridge.store.database import Database
from bridge.store.events import event_row
from bridge.store.journal import Entry
from bridge.store.listener_changes import count_change, remove_listener
from bridge.store.tables import events
from tests.stored import (
    MINUTE,
    NOW,
    Stores,
    a_delivery,
    a_listener,
    an_attempt,
    an_envelope,
    wait_until_locked,
)

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


@pytest.fixture
def on_postgresql(postgres_url):
    """Stores with one delivery that is due; writers wait for each other's rows only."""
    with Database(postgres_url) as database:
        schema.migrate(database)
        stores, listener, envelope = Stores(database), a_listener(), an_envelope()
        stores.listeners.add(listener)
        delivery = a_delivery(envelope, listener)
        stores.journal().write([Entry((envelope, NOW), (delivery,))])
        yield stores, delivery


def test_a_retry_leaves_alone_what_a_bridge_takes_at_that_moment(on_postgresql):
    stores, delivery = on_postgresql
    take = "UPDATE deliveries SET lease_owner = 'bridge 2', due_at = %s"
    with ThreadPoolExecutor(1) as thread:
        with stores.database.write() as other:
            other.exec_driver_sql(take, (LATER,))
            retrying = thread.submit(stores.deliveries.retry, None, delivery.id, NOW)
            wait_until_locked(stores.database)

        assert retrying.result().due_at == LATER


def test_a_retry_is_refused_if_the_listener_is_removed_at_that_moment(on_postgresql):
    stores, delivery = on_postgresql
    with ThreadPoolExecutor(1) as thread:
        with stores.database.write() as other:
            version = count_change(other)
            remove_listener(other, delivery.listener_id, NOW, version)
            retrying = thread.submit(stores.deliveries.retry, None, delivery.id, NOW)
            wait_until_locked(stores.database)

        with pytest.raises(Conflict, match="its listener was removed"):
            retrying.result()
    assert stores.deliveries.get(None, delivery.id)[0].state is State.CANCELLED


def test_what_another_bridge_brings_at_that_moment_is_merged_with(on_postgresql):
    stores, known = on_postgresql
    envelope = an_envelope("2")
    listener = stores.listeners.get(None, known.listener_id)
    told = a_delivery(envelope, listener, state=State.DELIVERED, attempts=1)
    entry = Entry((envelope, NOW), (told,), (an_attempt(told),))
    journal = stores.journal("bridge 2", stage_from=1)
    with ThreadPoolExecutor(1) as thread:
        with stores.database.write() as other:
            row = event_row(envelope, NOW, queued=False)
            other.execute(insert(events).values(row))
            writing = thread.submit(journal.write, [entry])
            wait_until_locked(stores.database)

        writing.result()
    found, tries = stores.deliveries.get(None, told.id)
    assert found.state is State.DELIVERED
    assert len(tries) == 1
