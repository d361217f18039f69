# SPDX-License-Identifier: Apache-2.0
"""Bridges agree on the time, whatever the clocks of their machines say."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import psycopg
import pytest

from bridge.delivery import parking
from bridge.errors import StoreError
from bridge.model import State
from bridge.store import clock as clocks
from bridge.store import schema
from bridge.store.clock import Clock
from bridge.store.database import Database
from tests.loops import on_loop
from tests.stored import Stores, a_listener, an_envelope
from tests.workers import (
    IMPATIENT,
    SUCCEEDED,
    RunningWorker,
    standing,
    wait_for_settle,
)

HOURS = timedelta(hours=3)
MOMENT = timedelta(seconds=1)


def now():
    return datetime.now(UTC)


def wrong_by(offset):
    """A machine's clock."""
    return lambda: now() + offset


@pytest.fixture
def ahead(postgres_url):
    """A PostgreSQL whose clock is hours ahead of this machine's."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            "$$ SELECT pg_catalog.clock_timestamp() + interval '3 hours' $$"
        )
    # else what PostgreSQL brings along would be found first
    url = postgres_url + quote(",pg_catalog")
    with Database(url) as database:
        schema.migrate(database)
        yield database


def synchronised(database, wall):
    clock = Clock(database, wall)
    clock.synchronise()
    return clock


def test_the_time_is_the_databases_not_the_machines(ahead):
    clock = Clock(ahead)
    assert abs(clock.now() - now()) < MOMENT

    clock.synchronise()

    assert abs(clock.now() - HOURS - now()) < MOMENT


def test_a_slow_answer_says_nothing_unless_it_is_the_first(ahead, monkeypatch):
    monkeypatch.setattr(clocks, "MAX_ROUND_TRIP", timedelta())
    clock = synchronised(ahead, wrong_by(-HOURS))
    with ahead.write() as connection:
        connection.exec_driver_sql("DROP FUNCTION clock_timestamp()")

    clock.synchronise()

    assert abs(clock.now() - HOURS - now()) < MOMENT


def test_time_goes_on_while_the_database_is_away(own_postgres):
    with Database(own_postgres.url) as database:
        clock = synchronised(database, wrong_by(HOURS))
        own_postgres.kill()

        with pytest.raises(StoreError):
            clock.synchronise()

        assert abs(clock.now() - now()) < MOMENT


def test_a_wall_clock_that_jumps_moves_no_lease(database):
    walls = [now(), now() + HOURS]
    clock = Clock(database, lambda: walls.pop(0))

    clock.synchronise()

    assert abs(clock.now() - now()) < MOMENT


@pytest.mark.parametrize("offset", [HOURS, -HOURS], ids=["ahead", "behind"])
@on_loop
async def test_bridges_whose_machines_clocks_differ_respect_each_others_leases(
    postgres_url, monkeypatch, offset
):
    listener, envelope = a_listener(), an_envelope()
    lease = timedelta(seconds=1)
    monkeypatch.setattr(parking, "LEASE_MARGIN", lease - listener.callback.timeout)
    with Database(postgres_url) as database:
        schema.migrate(database)
        stores = Stores(database)
        stores.listeners.add(listener)
        right, wrong = (
            synchronised(database, wrong_by(by)) for by in (timedelta(), offset)
        )
        async with (
            RunningWorker(
                stores, wait_for_settle, patience=IMPATIENT, owner="1", clock=wrong
            ) as one,
            RunningWorker(stores, wait_for_settle, owner="2", clock=right) as two,
        ):
            await one.hand(envelope)
            held, _ = standing(stores, envelope, listener)
            await one.crash()

            (call,) = await two.calls(1)
            assert held.due_at < now() < held.due_at + lease
            two.callback.settle(call.delivery_id, SUCCEEDED)
            await two.ended(envelope, listener, State.DELIVERED)
