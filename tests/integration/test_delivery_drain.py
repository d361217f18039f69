# SPDX-License-Identifier: Apache-2.0
"""The end of a bridge: what is under way may end, nothing more starts, nothing is lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bridge.model import OutcomeKind, State
from bridge.service import worker as service
from tests.loops import on_loop, until
from tests.stored import a_listener, an_envelope
from tests.workers import (
    SUCCEEDED,
    RunningWorker,
    standing,
    states,
    wait_for_settle,
)

GRACE = timedelta(seconds=20)
DATABASE = "the database does not answer"


@pytest.fixture
def listener(stores):
    listener = a_listener(max_in_flight=1)
    stores.listeners.add(listener)
    return listener


async def started(running, *envelopes):
    """Hand on events of which the first one is being told."""
    for envelope in envelopes:
        running.source.hand(envelope)
    return (await running.calls(1))[0]


@on_loop
async def test_an_attempt_under_way_may_end_and_is_recorded(stores, listener):
    envelope = an_envelope()
    async with RunningWorker(stores, wait_for_settle) as running:
        call = await started(running, envelope)

        draining = asyncio.create_task(running.drain(GRACE))
        await until(lambda: running.worker.health() != [])
        running.callback.settle(call.delivery_id, SUCCEEDED)
        await draining

    assert running.settled == ["1"]
    assert standing(stores, envelope, listener)[0].state is State.DELIVERED


@on_loop
async def test_what_waits_for_a_slot_is_parked_and_not_started(stores, listener):
    first, second = an_envelope("1"), an_envelope("2")
    async with RunningWorker(stores, wait_for_settle) as running:
        call = await started(running, first, second)

        draining = asyncio.create_task(running.drain(GRACE))
        await until(lambda: running.settled == ["2"])
        running.callback.settle(call.delivery_id, SUCCEEDED)
        await draining

    assert running.told == ["1"]
    delivery, _ = standing(stores, second, listener)
    assert (delivery.state, delivery.attempts) == (State.PENDING, 0)


@on_loop
async def test_an_attempt_beyond_the_grace_time_does_not_count_and_comes_again(
    stores, listener
):
    envelope = an_envelope()
    async with RunningWorker(stores, wait_for_settle) as running:
        lost = await started(running, envelope)
        await running.drain(timedelta(milliseconds=50))

    delivery, tries = standing(stores, envelope, listener)
    assert (delivery.state, delivery.attempts, tries) == (State.PENDING, 0, [])
    assert delivery.due_at <= datetime.now(UTC)
    assert running.settled == ["1"]

    async with RunningWorker(stores, owner="bridge 2") as running:
        _, tries = await running.ended(envelope, listener, State.DELIVERED)
        (again,) = running.callback.calls

    assert again.delivery_id == lost.delivery_id
    assert [(one.number, one.outcome.kind) for one in tries] == [(1, SUCCEEDED)]


@on_loop
async def test_a_database_that_recovers_meanwhile_starts_nothing(stores, listener):
    first, second = an_envelope("1"), an_envelope("2")
    async with RunningWorker(stores, wait_for_settle) as running:
        call = await started(running, first, second)
        with stores.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE attempts RENAME TO hidden")
        running.callback.settle(call.delivery_id, SUCCEEDED)
        (_, call) = await running.calls(2)
        await until(lambda: running.worker.health() == [DATABASE])
        running.source.hand(an_envelope("3"))

        draining = asyncio.create_task(running.drain(GRACE))
        await until(lambda: not running.source.is_consuming)
        with stores.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE hidden RENAME TO attempts")
        await until(lambda: running.settled == ["1", "3"])
        running.callback.settle(call.delivery_id, SUCCEEDED)
        await draining

    assert running.told == ["1", "2"]
    assert states(stores, listener) == {State.DELIVERED: 2, State.PENDING: 1}


@on_loop
async def test_an_end_while_the_database_refuses_takes_bounded_time(
    stores, listener, monkeypatch
):
    """What is known then comes again: its event is not settled."""
    monkeypatch.setattr(service, "LAST_WRITE_SECONDS", 0.2)
    async with RunningWorker(stores, lambda _: OutcomeKind.SUCCEEDED) as running:
        with stores.database.write() as connection:
            connection.exec_driver_sql("DROP TABLE attempts")
        running.source.hand(an_envelope())
        await until(lambda: running.worker.health() == [DATABASE])

        async with asyncio.timeout(5):
            await running.drain(GRACE)

    assert running.settled == []
    assert states(stores, listener) == {}
