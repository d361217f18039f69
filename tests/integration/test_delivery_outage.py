# SPDX-License-Identifier: Apache-2.0
"""While the database refuses: nothing is settled, nothing known is lost or repeated."""

import sys
import time
from contextlib import contextmanager

import pytest

from bridge.delivery import dispatcher
from bridge.model import State
from tests.loops import on_loop, until
from tests.stored import a_listener, an_envelope
from tests.workers import (
    IMPATIENT,
    SUCCEEDED,
    RunningWorker,
    standing,
    states,
    wait_for_settle,
)

DATABASE = "the database does not answer"
CONDITIONS = "conditions cannot be evaluated; their events wait"
SOON_SECONDS = 5


@pytest.fixture
def listener(stores):
    listener = a_listener()
    stores.listeners.add(listener)
    return listener


@contextmanager
def locked(database):
    """Hold a lock that every write needs; SQLite has but one."""
    with database.write() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE events")
        yield


@contextmanager
def refusing(database):
    """Let every write of deliveries be refused at once."""
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE attempts RENAME TO hidden")
    yield
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO attempts")


@pytest.mark.parametrize("outage", [locked, refusing])
@on_loop
async def test_nothing_is_settled_and_nothing_new_starts(stores, listener, outage):
    first, second = an_envelope("1"), an_envelope("2")
    async with RunningWorker(stores) as running:
        with outage(stores.database):
            began = time.monotonic()
            running.source.hand(first)
            await until(lambda: running.worker.health() == [DATABASE])
            assert time.monotonic() - began < SOON_SECONDS

            running.source.hand(second)
            assert running.settled == []
            assert running.told == ["1"]

        await until(lambda: sorted(running.settled) == ["1", "2"])
        assert running.worker.health() == []
        await running.ended(second, listener, State.DELIVERED)

    assert running.told == ["1", "2"]
    assert states(stores, listener) == {State.DELIVERED: 2}


@on_loop
async def test_what_ended_meanwhile_is_recorded_and_not_repeated(
    stores, listener, monkeypatch
):
    """Not even where its lease has run out: whoever is quicker, it is in hand."""
    monkeypatch.setattr(dispatcher, "LEASE_MARGIN", -listener.callback.timeout)
    envelope = an_envelope()
    async with RunningWorker(stores, wait_for_settle, patience=IMPATIENT) as running:
        await running.hand(envelope)
        (call,) = running.callback.calls
        with refusing(stores.database):
            running.callback.settle(call.delivery_id, SUCCEEDED)
            await until(lambda: running.worker.health() == [DATABASE])

        await running.ended(envelope, listener, State.DELIVERED)
        await until(lambda: running.worker.health() == [])

    assert running.told == ["1"]
    assert len(standing(stores, envelope, listener)[1]) == 1


@on_loop
async def test_a_bridge_that_cannot_follow_its_listeners_says_so(stores):
    async with RunningWorker(stores) as running:
        with stores.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE counters RENAME TO hidden")

        await until(lambda: running.worker.health() == [DATABASE], SOON_SECONDS)

        with stores.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE hidden RENAME TO counters")
        await until(lambda: running.worker.health() == [])


@on_loop
async def test_an_event_waits_while_its_conditions_cannot_be_evaluated(
    stores, monkeypatch
):
    python = sys.executable
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    picky = a_listener(when="$.task.name = 'charge'")
    stores.listeners.add(picky)
    envelope = an_envelope()
    async with RunningWorker(stores) as running:
        running.source.hand(envelope)
        await until(lambda: running.worker.health() == [CONDITIONS])
        assert running.settled == []

        monkeypatch.setattr(sys, "executable", python)
        await until(lambda: running.settled == ["1"])

        assert standing(stores, envelope, picky)[0].state is State.DELIVERED
        assert running.worker.health() == []
