# SPDX-License-Identifier: Apache-2.0
"""What is old goes, what somebody may still need stays, and deliveries go on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bridge.delivery import retention as retaining
from bridge.delivery.retention import Retention, Terms
from bridge.model import Envelope, State
from bridge.store import retention as store
from bridge.store import schema
from bridge.store.database import Database
from bridge.store.journal import Entry
from bridge.store.lock import try_alone
from bridge.store.retention import Cutoffs, RetentionStore
from bridge.store.tables import attempts, deliveries
from notifier.event import Event
from notifier.wire import encode_body, routing_key
from tests.loops import on_loop, until
from tests.stored import (
    Stores,
    a_delivery,
    a_listener,
    an_attempt,
    an_envelope,
    wait_until_locked,
)
from tests.workers import RunningWorker

DAY = timedelta(days=1)
OLD = 100
NOW = datetime.now(UTC)


@pytest.fixture
def listener(stores):
    listener = a_listener()
    stores.listeners.add(listener)
    return listener


@pytest.fixture
def retention(stores):
    return Retention(
        RetentionStore(stores.database),
        stores.listeners,
        terms=Terms(),
        now=lambda: NOW,
    )


@pytest.fixture
def keep(stores):
    """Keep an event that came in some days ago, with deliveries in these states."""

    def keep(name, *told, days=8, since=None):
        envelope = an_envelope(name)
        received, ended = (
            NOW - days * DAY,
            NOW - (days if since is None else since) * DAY,
        )
        told = [
            a_delivery(
                envelope,
                listener,
                state=state,
                due_at=NOW + DAY if state is State.PENDING else None,
                attempts=1,
                updated_at=ended,
            )
            for listener, state in told
        ]
        tries = [an_attempt(one) for one in told]
        stores.journal().write([Entry((envelope, received), told, tries)])
        return envelope

    return keep


@pytest.fixture
def kept(stores):
    """The events that are there, and how many rows there are beside them."""

    def kept():
        with stores.database.read() as connection:
            ids = connection.exec_driver_sql("SELECT id FROM events ORDER BY id")
            return sorted(ids.scalars())

    return kept


def rows(stores, table):
    with stores.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


@on_loop
async def test_an_old_event_goes_with_its_deliveries_and_attempts(
    stores, listener, retention, keep, kept
):
    other = a_listener()
    stores.listeners.add(other)
    keep("old", (listener, State.DELIVERED), (other, State.CANCELLED))
    keep("unheard")
    keep("young", (listener, State.DELIVERED), days=6)

    assert await retention.sweep() == 2

    assert kept() == ["young"]
    assert (rows(stores, deliveries), rows(stores, attempts)) == (1, 1)


@pytest.mark.parametrize(
    ("state", "since", "stays"),
    [
        (State.PENDING, 8, True),
        (State.PENDING, 400, True),
        (State.DEAD, 29, True),
        (State.DEAD, 31, False),
        (State.DELIVERED, 31, False),
    ],
    ids=lambda value: getattr(value, "value", None),
)
@on_loop
async def test_what_is_pending_or_not_long_dead_keeps_its_event(  # noqa: PLR0917 - fixtures
    stores, listener, retention, keep, kept, state, since, stays
):
    other = a_listener()
    stores.listeners.add(other)
    keep("1", (listener, state), (other, State.DELIVERED), days=500, since=since)

    await retention.sweep()

    assert kept() == (["1"] if stays else [])
    assert rows(stores, attempts) == (2 if stays else 0)


@on_loop
async def test_an_event_that_waits_to_be_routed_stays(stores, retention, kept):
    stores.events.accept([an_envelope("1")], NOW - 400 * DAY)

    await retention.sweep()

    assert kept() == ["1"]


@on_loop
async def test_it_goes_on_behind_what_stays_in_steps(
    listener, retention, keep, kept, monkeypatch
):
    monkeypatch.setattr(store, "BATCH", 3)
    for number in range(10, 30):
        state = State.PENDING if number < 20 else State.DELIVERED
        keep(str(number), (listener, state))

    assert await retention.sweep() == 10

    assert kept() == [str(number) for number in range(10, 20)]


@on_loop
async def test_a_removed_listener_goes_when_its_deliveries_are_gone(
    stores, listener, retention, keep
):
    idle, young = a_listener(), a_listener()
    for one in (idle, young):
        stores.listeners.add(one)
    keep("1", (listener, State.DEAD), days=8)
    stores.listeners.remove(listener.id, NOW - 8 * DAY)
    stores.listeners.remove(idle.id, NOW - 8 * DAY)
    stores.listeners.remove(young.id, NOW - 6 * DAY)

    await retention.sweep()

    with stores.database.read() as connection:
        left = connection.exec_driver_sql("SELECT id FROM listeners").scalars().all()
    assert sorted(left) == sorted([listener.id, young.id])


def executed(event_type, execution):
    event = Event.new(event_type, execution=execution)
    return Envelope(event, encode_body(event), routing_key(event))


@pytest.mark.parametrize(
    ("story", "stays"),
    [
        ([("started", 20)], True),
        ([("started", 20), ("succeeded", 8)], False),
        ([("failed", 8)], False),
        ([("cancelled", 6)], True),
        ([("failed", 8), ("rerun", 6)], True),
    ],
    ids=["runs", "succeeded", "failed", "just ended", "runs again"],
)
@on_loop
async def test_a_listener_on_an_execution_ends_a_week_after_it(
    stores, retention, story, stays
):
    bound = a_listener(execution_id="x1", events=("EXECUTION",))
    free = a_listener(events=("EXECUTION",))
    for one in (bound, free):
        stores.listeners.add(one)
    stores.journal().write(
        Entry((executed(f"execution.{what}", "x1"), NOW - days * DAY))
        for what, days in story
    )

    await retention.sweep()

    found = {one.id for one in stores.listeners.find(limit=5)}
    assert found == ({bound.id, free.id} if stays else {free.id})


@on_loop
async def test_one_bridge_at_a_time_does_it(postgres_url):
    with Database(postgres_url) as database:
        schema.migrate(database)
        stores = Stores(database)
        stores.journal().write([Entry((an_envelope(), NOW - 8 * DAY))])
        mine = RetentionStore(database)
        cutoffs = Cutoffs(NOW - DAY, NOW - DAY)
        with database.write() as other:
            assert try_alone(other, "retention")
            assert mine.sweep(0, cutoffs) is None

        assert mine.sweep(0, cutoffs).removed == 1


@on_loop
async def test_deliveries_go_on_meanwhile(  # noqa: PLR0917 - fixtures
    stores, listener, retention, keep, kept, monkeypatch
):
    monkeypatch.setattr(store, "BATCH", 1)
    stores.journal().write(
        Entry((an_envelope(f"old-{number}"), NOW - 8 * DAY)) for number in range(OLD)
    )
    keep("waits", (listener, State.PENDING))
    fresh = [an_envelope(f"{number}") for number in range(50)]
    async with RunningWorker(stores) as running:
        sweeping = asyncio.create_task(retention.sweep())
        await running.hand(*fresh)
        assert not sweeping.done()

        assert await sweeping == OLD

    assert kept() == sorted([*(one.event.id for one in fresh), "waits"])


def test_a_delivery_made_pending_by_hand_meanwhile_keeps_its_event(postgres_url):
    """It was delivered when the step looked, and is pending when the step removes."""
    with Database(postgres_url) as database, ThreadPoolExecutor(1) as thread:
        schema.migrate(database)
        stores = Stores(database)
        listener, envelope = a_listener(), an_envelope()
        stores.listeners.add(listener)
        delivery = a_delivery(envelope, listener, state=State.DELIVERED)
        old = Entry((envelope, NOW - 8 * DAY), (delivery,), (an_attempt(delivery),))
        stores.journal().write([old])
        with database.write() as other:
            other.exec_driver_sql("UPDATE deliveries SET state = 'pending'")
            sweep = RetentionStore(database).sweep
            sweeping = thread.submit(sweep, 0, Cutoffs(NOW - DAY, NOW - DAY))
            wait_until_locked(database)

        assert sweeping.result().removed == 0
        kept, tries = stores.deliveries.get(None, delivery.id)
        assert (kept.state, len(tries)) == (State.PENDING, 1)
        assert stores.events.get(None, "1").envelope == envelope


@on_loop
async def test_it_is_tried_again_after_a_database_that_was_away(  # noqa: PLR0917 - fixtures
    stores, retention, keep, kept, monkeypatch, caplog
):
    monkeypatch.setattr(retaining, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(retaining, "EVERY_SECONDS", 0.01)
    keep("old")
    with stores.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE events RENAME TO hidden")
    running = asyncio.create_task(retention.run())
    await until(lambda: "cannot remove what is old" in caplog.text)
    with stores.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO events")

    await until(lambda: kept() == [])

    running.cancel()
    await asyncio.wait([running])
