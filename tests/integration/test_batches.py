# SPDX-License-Identifier: Apache-2.0
"""Events that a listener is told together: which, when, under which id, how often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bridge.model import CallbackSpec, RetryPolicy, State
from bridge.store.tables import batches
from tests.batching import a_batch_listener, batches_of
from tests.loops import on_loop, until
from tests.stored import an_envelope
from tests.workers import (
    FAILED,
    GONE,
    LONG,
    MOMENT,
    SUCCEEDED,
    RunningWorker,
    standing,
    states,
    wait_for_settle,
)

AGES = timedelta(minutes=1)


@pytest.fixture
def add(stores):
    """Keeps a listener that is told in batches of up to three."""

    def add(**members):
        listener = a_batch_listener(**members)
        stores.listeners.add(listener)
        return listener

    return add


def envelopes(count, first=1):
    return [an_envelope(str(first + n)) for n in range(count)]


def open_batches(stores):
    with stores.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(batches))


@on_loop
async def test_a_full_batch_goes_at_once_and_is_recorded_for_each_of_its_events(
    stores, add
):
    listener, told = add(wait=AGES), envelopes(3)
    async with RunningWorker(stores) as running:
        await running.hand(*told)
        (call,) = await running.calls(1)
        await running.ended(told[0], listener, State.DELIVERED)

    assert batches_of([call]) == [(call.delivery_id, ["1", "2", "3"])]
    for envelope in told:
        delivery, (attempt,) = standing(stores, envelope, listener)
        assert (delivery.state, delivery.attempts) == (State.DELIVERED, 1)
        assert delivery.batch_id == call.delivery_id
        assert (attempt.number, attempt.outcome.kind) == (1, SUCCEEDED)
    assert open_batches(stores) == 0


@on_loop
async def test_fewer_events_go_together_once_the_first_has_waited(stores, add):
    listener = add()
    async with RunningWorker(stores) as running:
        running.source.hand(an_envelope("1"))
        running.source.hand(an_envelope("2"))
        (call,) = await running.calls(1)
        await until(lambda: states(stores, listener) == {State.DELIVERED: 2})

    assert batches_of([call]) == [(call.delivery_id, ["1", "2"])]


@on_loop
async def test_events_are_recorded_and_settled_while_they_wait_for_others(stores, add):
    listener, envelope = add(wait=AGES), an_envelope()
    async with RunningWorker(stores) as running:
        await running.hand(envelope)

        delivery, _ = standing(stores, envelope, listener)
    assert (delivery.state, delivery.attempts, delivery.batch_id) == (
        State.PENDING,
        0,
        None,
    )
    assert delivery.due_at > datetime.now(UTC) + AGES / 2


@on_loop
async def test_a_retry_sends_the_same_batch(stores, add):
    listener = add(retry=RetryPolicy((MOMENT, MOMENT), 0))
    answers = [FAILED, FAILED, SUCCEEDED]
    async with RunningWorker(stores, lambda _: answers.pop(0)) as running:
        await running.hand(*envelopes(3))
        await running.calls(2)
        running.source.hand(an_envelope("4"))
        await until(lambda: states(stores, listener).get(State.DELIVERED, 0) >= 3)
        calls = [c for c in running.callback.calls if "4" not in batches_of([c])[0][1]]

    assert batches_of(calls) == 3 * [(calls[0].delivery_id, ["1", "2", "3"])]
    assert [call.attempt for call in calls] == [1, 2, 3]
    _, tries = standing(stores, an_envelope("2"), listener)
    assert [one.outcome.kind for one in tries] == [FAILED, FAILED, SUCCEEDED]


@on_loop
async def test_the_members_of_a_dead_batch_are_dead_and_retried_in_a_new_one(
    stores, add
):
    listener, told = add(retry=RetryPolicy((), 0)), envelopes(3)
    answers = [FAILED, SUCCEEDED]
    async with RunningWorker(stores, lambda _: answers.pop(0)) as running:
        await running.hand(*told)
        await until(lambda: states(stores, listener) == {State.DEAD: 3})
        assert open_batches(stores) == 0

        dead, _ = standing(stores, told[1], listener)
        stores.deliveries.retry(None, dead.id, datetime.now(UTC))
        running.worker.wake()

        again, _ = await running.ended(told[1], listener, State.DELIVERED, attempts=2)
        first, second = batches_of(running.callback.calls)
    assert dead.reason.startswith("failed once")
    assert second == (again.batch_id, ["2"])
    assert first[0] == dead.batch_id != again.batch_id


@on_loop
async def test_a_retry_by_hand_makes_a_whole_waiting_batch_due(stores, add):
    listener, told = add(retry=RetryPolicy((LONG,), 0)), envelopes(3)
    answers = [FAILED, SUCCEEDED]
    async with RunningWorker(stores, lambda _: answers.pop(0)) as running:
        await running.hand(*told)
        waiting, _ = await running.ended(told[0], listener, State.PENDING, attempts=1)

        stores.deliveries.retry(None, waiting.id, datetime.now(UTC))
        running.worker.wake()

        await until(lambda: states(stores, listener) == {State.DELIVERED: 3})
        first, second = batches_of(running.callback.calls)
    assert first == second


@on_loop
async def test_a_bridge_sends_the_batch_again_of_one_that_died(stores, add):
    """Recorded, but its answer never was."""
    listener, told = add(), envelopes(3)
    async with RunningWorker(stores, wait_for_settle) as running:
        await running.hand(*told)
        (lost,) = await running.calls(1)
        await running.crash()
    async with RunningWorker(stores, owner="bridge 2") as running:
        running.source.hand(an_envelope("4"))
        await running.calls(1)
        stores.journal().release(datetime.now(UTC))  # as if the lease were over
        running.worker.wake()

        await until(lambda: states(stores, listener) == {State.DELIVERED: 4})
        again = batches_of(running.callback.calls)

    assert batches_of([lost])[0] in again
    assert [events for _, events in again] == [["4"], ["1", "2", "3"]]


@on_loop
async def test_two_bridges_tell_each_event_once(stores, add):
    listener, told = add(), envelopes(30)
    async with (
        RunningWorker(stores) as one,
        RunningWorker(stores, owner="bridge 2") as two,
    ):
        for number, envelope in enumerate(told):
            (one, two)[number % 2].source.hand(envelope)
        await until(lambda: states(stores, listener) == {State.DELIVERED: 30})
        sent = batches_of([*one.callback.calls, *two.callback.calls])

    ids = [event for _, events in sent for event in events]
    assert sorted(ids) == sorted(one.event.id for one in told)
    assert len({batch_id for batch_id, _ in sent}) == len(sent)


@on_loop
async def test_a_listener_that_wants_batches_no_more_is_told_event_by_event(
    stores, add
):
    listener = add(retry=RetryPolicy((LONG,), 0))
    answers = [FAILED]

    def answer(_):
        return answers.pop() if answers else SUCCEEDED

    async with RunningWorker(stores, answer) as running:
        await running.hand(*envelopes(3))
        waiting = await running.ended(
            an_envelope(), listener, State.PENDING, attempts=1
        )
        alone = replace(listener, callback=CallbackSpec("http", "http://127.0.0.1:9/"))
        stores.listeners.change(alone)
        await running.worker.router.refresh()
        for number in ("1", "2", "3"):
            delivery, _ = standing(stores, an_envelope(number), listener)
            stores.deliveries.retry(None, delivery.id, datetime.now(UTC))
        running.worker.wake()

        await until(lambda: states(stores, listener) == {State.DELIVERED: 3})
        singly = running.callback.calls[1:]

    assert sorted(one.envelope.event.id for one in singly) == ["1", "2", "3"]
    assert waiting[0].batch_id not in {one.delivery_id for one in singly}
    assert open_batches(stores) == 0


@pytest.mark.parametrize("answer", [SUCCEEDED, FAILED], ids=["told", "failed"])
@on_loop
async def test_an_answer_to_a_batch_counts_though_its_listener_wants_batches_no_more(
    stores, add, answer
):
    listener, told = add(retry=RetryPolicy((LONG,), 0)), envelopes(3)
    async with RunningWorker(stores, wait_for_settle) as running:
        await running.hand(*told)
        (call,) = await running.calls(1)
        alone = replace(listener, callback=CallbackSpec("http", "http://127.0.0.1:9/"))
        stores.listeners.change(alone)

        running.callback.settle(call.delivery_id, answer)
        state = State.DELIVERED if answer is SUCCEEDED else State.PENDING
        for envelope in told:
            await running.ended(envelope, listener, state, attempts=1)

    assert open_batches(stores) == 0


@on_loop
async def test_a_full_batch_goes_at_once_after_another_one_was_tried_again(stores, add):
    listener = add(wait=AGES, retry=RetryPolicy((LONG,), 0))
    answers = [FAILED, SUCCEEDED, SUCCEEDED]
    async with RunningWorker(stores, lambda _: answers.pop(0)) as running:
        await running.hand(*envelopes(3))
        waiting, _ = await running.ended(
            an_envelope(), listener, State.PENDING, attempts=1
        )
        await running.hand(*envelopes(2, first=4))
        stores.deliveries.retry(None, waiting.id, datetime.now(UTC))
        running.worker.wake()
        await until(lambda: states(stores, listener).get(State.DELIVERED) == 3)

        running.source.hand(an_envelope("6"))
        await until(lambda: states(stores, listener) == {State.DELIVERED: 6})


@on_loop
async def test_what_waits_for_a_removed_listener_ends_as_cancelled(stores, add):
    listener = add(retry=RetryPolicy((LONG,), 0))
    async with RunningWorker(stores, lambda _: FAILED) as running:
        await running.hand(*envelopes(3))
        await running.ended(an_envelope(), listener, State.PENDING, attempts=1)

        stores.listeners.remove(listener.id, datetime.now(UTC))

    assert states(stores, listener) == {State.CANCELLED: 3}
    assert open_batches(stores) == 0


@on_loop
async def test_an_answer_that_a_removed_listener_gives_still_counts(stores, add):
    listener = add()
    async with RunningWorker(stores, wait_for_settle) as running:
        await running.hand(*envelopes(3))
        (call,) = await running.calls(1)
        stores.listeners.remove(listener.id, datetime.now(UTC))

        running.callback.settle(call.delivery_id, SUCCEEDED)
        await until(lambda: states(stores, listener) == {State.DELIVERED: 3})


@on_loop
async def test_a_receiver_that_is_gone_ends_its_batch_and_turns_its_listener_off(
    stores, add
):
    listener = add()
    async with RunningWorker(stores, lambda _: GONE) as running:
        await running.hand(*envelopes(3))
        await until(lambda: states(stores, listener) == {State.DEAD: 3})
        await until(lambda: not stores.listeners.get(None, listener.id).enabled)


@on_loop
async def test_what_waited_while_a_listener_was_off_goes_together(stores, add):
    listener = add(wait=MOMENT)
    async with RunningWorker(stores) as running:
        stores.listeners.disable(listener.id, "for a while", datetime.now(UTC))
        known = stores.listeners.get(None, listener.id)
        running.source.hand(an_envelope("1"))
        running.source.hand(an_envelope("2"))
        await until(lambda: states(stores, listener) == {State.PENDING: 2})
        await running.worker.router.refresh()
        assert running.callback.calls == []

        stores.listeners.change(replace(known, enabled=True))
        await running.worker.router.refresh()
        running.worker.wake()

        (call,) = await running.calls(1)
    assert batches_of([call]) == [(call.delivery_id, ["1", "2"])]
