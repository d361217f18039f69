# SPDX-License-Identifier: Apache-2.0
"""While the database refuses: nothing is settled, nothing known is lost or repeated."""

import sys
import time
from contextlib import contextmanager

import pytest

from bridge.delivery import parking
from bridge.model import State
from tests.loops import on_loop, until
from tests.stored import a_listener, an_envelope
from tests.workers import (
    GONE,
    IMPATIENT,
    SUCCEEDED,
    RunningWorker,
    standing,
    states,
    wait_for_settle,
)

DATABASE = "the database does not answer"
CONDITIONS = "conditions cannot be evaluated; their events wait"
BROKEN = "a part of the bridge broke, as its log tells; restart it"
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
def hidden(database, table):
    """Let all be refused that needs this table."""
    with database.write() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO hidden")
    yield
    with database.write() as connection:
        connection.exec_driver_sql(f"ALTER TABLE hidden RENAME TO {table}")


def refusing(database):
    """Let every write of deliveries be refused at once."""
    return hidden(database, "attempts")


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
    monkeypatch.setattr(parking, "LEASE_MARGIN", -listener.callback.timeout)
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
        with hidden(stores.database, "counters"):
            await until(lambda: running.worker.health() == [DATABASE], SOON_SECONDS)
        await until(lambda: running.worker.health() == [])


@on_loop
async def test_a_repeated_event_waits_until_it_can_be_asked_whom_it_was_told(
    stores, listener, caplog
):
    async with RunningWorker(stores) as running:
        with hidden(stores.database, "deliveries"):
            running.source.hand(an_envelope(), is_repeat=True)
            await until(lambda: "cannot ask what was recorded" in caplog.text)
            await until(lambda: "cannot look for due deliveries" in caplog.text)
            assert running.told == []

        await until(lambda: running.settled == ["1"])
    assert states(stores, listener) == {State.DELIVERED: 1}


@on_loop
async def test_a_410_counts_though_the_database_forgets_it(stores, listener, caplog):
    """It is dead; the next event will bring another 410."""
    async with RunningWorker(stores, lambda _: GONE) as running:
        with hidden(stores.database, "counters"):
            await running.hand(an_envelope())
            await until(lambda: "cannot disable a listener" in caplog.text)

    assert states(stores, listener) == {State.DEAD: 1}


@on_loop
async def test_a_part_that_breaks_is_told_of_by_health_and_log(stores, caplog):
    stores.listeners.add(a_listener(name="odd"))
    async with RunningWorker(stores) as running:
        with stores.database.write() as connection:
            connection.exec_driver_sql("UPDATE listeners SET events = '7'")
            connection.exec_driver_sql("UPDATE listeners SET changed_in = 99")
            connection.exec_driver_sql("UPDATE counters SET number = 99")

        await until(lambda: running.worker.health() == [BROKEN])

    assert "a part of the bridge broke" in caplog.text


@on_loop
async def test_an_event_waits_while_its_conditions_cannot_be_evaluated(
    stores, monkeypatch
):
    python = sys.executable
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    picky = a_listener(when="regex('^ch').search($.task.name) = 'ch'")
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


@on_loop
async def test_a_compiled_condition_needs_no_process(stores, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    picky = a_listener(when="$.task.name = 'charge'")
    stores.listeners.add(picky)
    envelope = an_envelope()
    async with RunningWorker(stores) as running:
        running.source.hand(envelope)
        await until(lambda: running.settled == ["1"])

        assert standing(stores, envelope, picky)[0].state is State.DELIVERED
        assert running.worker.health() == []
