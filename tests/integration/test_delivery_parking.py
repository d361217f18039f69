# SPDX-License-Identifier: Apache-2.0
"""Deliveries that wait in the database: how they get there, when they come back."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.delivery import parking
from bridge.delivery.dispatcher import Dispatcher
from bridge.delivery.lane import MAX_WAITING
from bridge.delivery.recorder import Recorder
from bridge.delivery.scheduler import Scheduler
from bridge.delivery.terms import Patience, Reports
from bridge.model import RetryPolicy, State
from bridge.store.journal import Entry
from tests.batching import a_batch_listener
from tests.loops import on_loop, until
from tests.stored import a_delivery, a_listener, an_envelope
from tests.workers import (
    FAILED,
    IMPATIENT,
    LONG,
    MOMENT,
    PATIENT,
    SUCCEEDED,
    RunningWorker,
    standing,
    states,
    wait_for_settle,
)

SLOTS = 4


@pytest.fixture
def listener(stores):
    listener = a_listener(max_in_flight=SLOTS, retry=RetryPolicy((LONG,), 0))
    stores.listeners.add(listener)
    return listener


@pytest.fixture
def park(stores):
    """Lets deliveries wait in the database; returns what they bring."""

    def park(listener, count, *, due_at, first=1):
        envelopes = [an_envelope(f"due-{first + n}") for n in range(count)]
        deliveries = [a_delivery(one, listener, due_at=due_at) for one in envelopes]
        stores.journal("bridge 0").write(
            Entry(arrived=(envelope, due_at), deliveries=(delivery,))
            for envelope, delivery in zip(envelopes, deliveries, strict=True)
        )
        return envelopes

    return park


def now():
    return datetime.now(UTC)


@on_loop
async def test_an_attempt_that_lasts_is_recorded_as_held_and_its_event_settled(
    stores, listener
):
    envelope = an_envelope()
    async with RunningWorker(stores, wait_for_settle, patience=IMPATIENT) as running:
        await running.hand(envelope)

        delivery, tries = standing(stores, envelope, listener)
        assert (delivery.state, tries) == (State.PENDING, [])
        assert delivery.due_at > now() + listener.callback.timeout
        assert stores.journal("bridge 2").due(now()) == {}

        running.callback.settle(delivery.id, SUCCEEDED)
        _, tries = await running.ended(envelope, listener, State.DELIVERED)

    assert len(tries) == 1
    assert running.settled == ["1"]


@on_loop
async def test_what_a_full_lane_does_not_take_is_parked_and_delivered_later(
    stores, listener
):
    held_up = True
    envelopes = [an_envelope(str(n)) for n in range(SLOTS + MAX_WAITING + 10)]

    def answer(_):
        return None if held_up else SUCCEEDED

    async with RunningWorker(stores, answer) as running:
        for envelope in envelopes:
            running.source.hand(envelope)
        await until(lambda: len(running.settled) == 10)
        assert states(stores, listener) == {State.PENDING: 10}
        assert len(running.told) == SLOTS

        held_up = False
        for call in list(running.callback.calls):
            running.callback.settle(call.delivery_id, SUCCEEDED)
        await until(
            lambda: states(stores, listener) == {State.DELIVERED: len(envelopes)}
        )

    assert sorted(running.told) == sorted(one.event.id for one in envelopes)


@on_loop
async def test_what_waits_too_long_for_a_slot_is_parked(stores, listener):
    envelopes = [an_envelope(str(n)) for n in range(SLOTS + 1)]
    patience = Patience(attempt=LONG, line=MOMENT)
    async with RunningWorker(stores, wait_for_settle, patience=patience) as running:
        for envelope in envelopes:
            running.source.hand(envelope)

        await until(lambda: running.settled == [str(SLOTS)])

        delivery, _ = standing(stores, envelopes[-1], listener)
        assert (delivery.state, delivery.attempts) == (State.PENDING, 0)


@on_loop
async def test_parked_deliveries_come_due_and_are_delivered_the_oldest_first(
    stores, park
):
    listener = a_listener(max_in_flight=1)
    stores.listeners.add(listener)
    later = park(listener, 1, due_at=now() + LONG, first=4)
    for number in (2, 1, 3):
        park(listener, 1, due_at=now() - LONG / number, first=number)

    async with RunningWorker(stores) as running:
        await running.calls(3)
        await until(lambda: states(stores, listener)[State.PENDING] == 1)

    assert running.told == ["due-1", "due-2", "due-3"]
    assert standing(stores, *later, listener)[0].attempts == 0


@on_loop
async def test_due_deliveries_get_half_of_the_slots(stores, listener, park):
    async with RunningWorker(stores, wait_for_settle) as running:
        for n in range(2 * SLOTS):
            running.source.hand(an_envelope(f"fresh-{n}"))
        await running.calls(SLOTS)
        park(listener, SLOTS, due_at=now())
        running.worker.wake()
        await until(lambda: stores.journal().due(now()) == {listener.id: SLOTS // 2})

        for call in running.callback.calls[:SLOTS]:
            running.callback.settle(call.delivery_id, SUCCEEDED)

        await running.calls(2 * SLOTS)
        second_turn = [one.partition("-")[0] for one in running.told[SLOTS:]]
        assert sorted(second_turn) == ["due", "due", "fresh", "fresh"]


@on_loop
async def test_an_attempt_that_outlives_its_lease_is_not_started_twice(
    stores, listener, monkeypatch
):
    usual = parking.LEASE_MARGIN
    monkeypatch.setattr(parking, "LEASE_MARGIN", -listener.callback.timeout)
    envelope = an_envelope()
    async with RunningWorker(stores, wait_for_settle, patience=IMPATIENT) as running:
        await running.hand(envelope)
        monkeypatch.setattr(parking, "LEASE_MARGIN", usual)

        await until(lambda: standing(stores, envelope, listener)[0].due_at > now())
        (call,) = running.callback.calls
        running.callback.settle(call.delivery_id, SUCCEEDED)

        await running.ended(envelope, listener, State.DELIVERED, attempts=1)


@on_loop
async def test_what_waited_for_its_slot_has_a_lease_for_all_of_its_attempt(
    stores, park, monkeypatch
):
    monkeypatch.setattr(parking, "LEASE_MARGIN", MOMENT)
    listener = a_listener(max_in_flight=1)
    stores.listeners.add(listener)
    async with RunningWorker(stores, wait_for_settle) as running:
        running.source.hand(an_envelope())
        (call,) = await running.calls(1)
        (due,) = park(listener, 1, due_at=now())
        running.worker.wake()
        await until(lambda: standing(stores, due, listener)[0].due_at > now())
        first = standing(stores, due, listener)[0].due_at
        taken_at = now()
        await until(lambda: now() > taken_at + MOMENT)

        running.callback.settle(call.delivery_id, SUCCEEDED)

        await running.calls(2)
        await until(lambda: standing(stores, due, listener)[0].due_at > first)


@on_loop
async def test_a_bridge_takes_over_what_another_held_too_long(stores, listener):
    """What the other one reports later does not count, unless it is a success."""
    envelope = an_envelope()
    delivery = a_delivery(envelope, listener, due_at=now() + MOMENT)
    other = stores.journal("bridge 0")
    held = frozenset({delivery.id})
    other.write([Entry((envelope, now()), (delivery,), held=held)])

    async with RunningWorker(stores, wait_for_settle) as running:
        await running.calls(1)
        dead = replace(delivery, state=State.DEAD, due_at=None, attempts=1)
        other.write([Entry(deliveries=(dead,))])
        assert standing(stores, envelope, listener)[0].state is State.PENDING

        running.callback.settle(delivery.id, FAILED)
        await running.ended(envelope, listener, State.PENDING, attempts=1)
        told = replace(dead, state=State.DELIVERED)
        other.write([Entry(deliveries=(told,))])

    assert standing(stores, envelope, listener)[0].state is State.DELIVERED


@pytest.mark.parametrize("becomes", [None, a_batch_listener()], ids=["off", "batches"])
@on_loop
async def test_what_was_taken_for_a_listener_just_changed_is_given_back(
    stores, listener, park, becomes
):
    """The index learns of it between the look at what is due and the claim."""
    park(listener, 1, due_at=now())
    asked = []

    def known(listener_id):
        asked.append(listener_id)
        return listener if len(asked) == 1 else becomes

    journal = stores.journal("bridge 1")
    with ThreadPoolExecutor(1) as executor:
        recorder = Recorder(
            journal,
            executor,
            on_health=lambda _: None,
            on_unwritable=lambda *_: None,
        )
        reports = Reports(
            attempted=lambda *_: None,
            gone=lambda _: None,
            parked=lambda: None,
            batched=lambda _: None,
        )
        dispatcher = Dispatcher(
            {}, recorder, reports=reports, patience=PATIENT, now=now
        )

        async def batches(_):
            return 0

        scheduler = Scheduler(
            journal,
            executor,
            dispatcher=dispatcher,
            batches=batches,
            listener=known,
            now=now,
        )
        running = asyncio.create_task(scheduler.run())

        await until(lambda: len(asked) > 1)
        await until(lambda: stores.journal("bridge 2").due(now()) == {listener.id: 1})

        running.cancel()
        await asyncio.wait([running])
