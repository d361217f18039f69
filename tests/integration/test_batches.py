# SPDX-License-Identifier: Apache-2.0
"""Events that a listener is told together: which, when, under which id, how often."""

from datetime import UTC, datetime, timedelta

from bridge.model import RetryPolicy, State
from tests.batching import added, batches_of, envelopes, open_batches
from tests.loops import on_loop, until
from tests.stored import an_envelope
from tests.workers import (
    FAILED,
    LONG,
    MOMENT,
    SUCCEEDED,
    RunningWorker,
    standing,
    states,
    wait_for_settle,
)

AGES = timedelta(minutes=1)


@on_loop
async def test_a_full_batch_goes_at_once_and_is_recorded_for_each_of_its_events(
    stores,
):
    listener, told = added(stores, wait=AGES), envelopes(3)
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
async def test_fewer_events_go_together_once_the_first_has_waited(stores):
    listener = added(stores)
    async with RunningWorker(stores) as running:
        running.source.hand(an_envelope("1"))
        running.source.hand(an_envelope("2"))
        (call,) = await running.calls(1)
        await until(lambda: states(stores, listener) == {State.DELIVERED: 2})

    assert batches_of([call]) == [(call.delivery_id, ["1", "2"])]


@on_loop
async def test_events_are_recorded_and_settled_while_they_wait_for_others(stores):
    listener, envelope = added(stores, wait=AGES), an_envelope()
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
async def test_a_retry_sends_the_same_batch(stores):
    listener = added(stores, retry=RetryPolicy((MOMENT, MOMENT), 0))
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
    stores,
):
    listener, told = added(stores, retry=RetryPolicy((), 0)), envelopes(3)
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
async def test_a_retry_by_hand_makes_a_whole_waiting_batch_due(stores):
    listener, told = added(stores, retry=RetryPolicy((LONG,), 0)), envelopes(3)
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
async def test_a_bridge_sends_the_batch_again_of_one_that_died(stores):
    """Recorded, but its answer never was."""
    listener, told = added(stores), envelopes(3)
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
async def test_two_bridges_tell_each_event_once(stores):
    listener, told = added(stores), envelopes(30)
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
async def test_a_full_batch_goes_at_once_after_another_one_was_tried_again(stores):
    listener = added(stores, wait=AGES, retry=RetryPolicy((LONG,), 0))
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
