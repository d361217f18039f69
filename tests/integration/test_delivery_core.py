# SPDX-License-Identifier: Apache-2.0
"""From a source to the journal: what is recorded, what is settled, what is tried."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.model import CallbackSpec, OutcomeKind, RetryPolicy, State
from tests.loops import on_loop, until
from tests.stored import a_listener, an_envelope
from tests.workers import (
    FAILED,
    GONE,
    IMPATIENT,
    LONG,
    MOMENT,
    SUCCEEDED,
    RunningWorker,
    standing,
    states,
    wait_for_settle,
)

ONCE_MORE = RetryPolicy((MOMENT,), 0)
MUCH_LATER = RetryPolicy((LONG,), 0)


@pytest.fixture
def add(stores):
    """Keeps a listener as it is described."""

    def add(**members):
        listener = a_listener(**members)
        stores.listeners.add(listener)
        return listener

    return add


@on_loop
async def test_an_event_without_listeners_is_recorded_and_settled(stores):
    envelope = an_envelope()
    async with RunningWorker(stores) as running:
        await running.hand(envelope)

    assert stores.events.get(None, "1").envelope == envelope
    assert running.settled == ["1"]
    assert running.told == []


@on_loop
async def test_a_delivered_event_is_recorded_with_its_attempt(stores, add):
    listener, envelope = add(), an_envelope()
    async with RunningWorker(stores) as running:
        await running.hand(envelope)

    delivery, (attempt,) = standing(stores, envelope, listener)
    assert (delivery.state, delivery.attempts) == (State.DELIVERED, 1)
    assert (attempt.number, attempt.outcome.kind) == (1, SUCCEEDED)
    assert delivery.due_at is None


@on_loop
async def test_nothing_of_an_event_is_recorded_before_all_of_it_is_known(stores, add):
    quick, slow = add(name="quick"), add(name="slow")
    envelope = an_envelope()

    def answer(call):
        return None if call.listener.name == "slow" else SUCCEEDED

    async with RunningWorker(stores, answer) as running:
        running.source.hand(envelope)
        running.source.hand(an_envelope("2", task="x", workbook="other"))
        first, second, *_ = await running.calls(4)
        assert standing(stores, envelope, quick) is None
        assert running.settled == []

        for call in (first, second):
            running.callback.settle(call.delivery_id, SUCCEEDED)
        await until(lambda: running.settled == ["1"])

        for listener in (quick, slow):
            assert standing(stores, envelope, listener)[0].state is State.DELIVERED


@on_loop
async def test_a_callback_of_unknown_type_is_no_reason_to_stop(stores, add):
    odd = add(callback=CallbackSpec("pigeon"), retry=MUCH_LATER)
    usual, envelope = add(), an_envelope()
    async with RunningWorker(stores) as running:
        await running.hand(envelope)

    delivery, (attempt,) = standing(stores, envelope, odd)
    assert (delivery.state, attempt.outcome.kind) == (
        State.PENDING,
        OutcomeKind.BLOCKED,
    )
    assert "no callback of type 'pigeon'" in attempt.outcome.error
    assert standing(stores, envelope, usual)[0].state is State.DELIVERED


@on_loop
async def test_failures_are_tried_again_on_schedule_then_by_hand(stores, add):
    listener, envelope = add(retry=ONCE_MORE), an_envelope()
    answers = [FAILED, FAILED, SUCCEEDED]
    async with RunningWorker(stores, lambda _: answers.pop(0)) as running:
        await running.hand(envelope)
        dead, tries = await running.ended(envelope, listener, State.DEAD)
        assert dead.reason.startswith("failed 2 times")
        assert [one.number for one in tries] == [1, 2]

        stores.deliveries.retry(None, dead.id, datetime.now(UTC))
        running.worker.wake()
        _, tries = await running.ended(envelope, listener, State.DELIVERED)

    assert [one.outcome.kind for one in tries] == [FAILED, FAILED, SUCCEEDED]
    assert {call.delivery_id for call in running.callback.calls} == {dead.id}


@on_loop
async def test_a_410_disables_the_listener(stores, add):
    listener, envelope = add(), an_envelope()
    async with RunningWorker(stores, lambda _: GONE) as running:
        await running.hand(envelope)
        await until(lambda: len(running.worker.router) == 0)
        await running.hand(an_envelope("2"))

    assert standing(stores, envelope, listener)[0].state is State.DEAD
    kept = stores.listeners.get(None, listener.id)
    assert (kept.enabled, kept.disabled_reason) == (
        False,
        "the receiver answered 410 Gone",
    )
    assert running.told == ["1"]


@on_loop
async def test_what_waits_for_a_removed_listener_is_cancelled(stores, add):
    listener, envelope = add(retry=MUCH_LATER), an_envelope()
    async with RunningWorker(stores, lambda _: FAILED) as running:
        await running.hand(envelope)
        await running.ended(envelope, listener, State.PENDING)

        stores.listeners.remove(listener.id, datetime.now(UTC))

        delivery, _ = await running.ended(envelope, listener, State.CANCELLED)
    assert delivery.reason == "the listener was removed"


@pytest.mark.parametrize(
    ("answer", "state"),
    [(FAILED, State.CANCELLED), (SUCCEEDED, State.DELIVERED)],
    ids=["failing", "succeeding"],
)
@on_loop
async def test_an_attempt_under_way_outlives_its_listener_but_no_retry_does(
    stores, add, answer, state
):
    listener, envelope = add(retry=MUCH_LATER), an_envelope()
    async with RunningWorker(stores, wait_for_settle) as running:
        running.source.hand(envelope)
        (call,) = await running.calls(1)

        stores.listeners.remove(listener.id, datetime.now(UTC))
        running.callback.settle(call.delivery_id, answer)

        _, tries = await running.ended(envelope, listener, state)
    assert len(tries) == 1


@on_loop
async def test_a_disabled_listener_keeps_what_waits_until_it_is_enabled(stores, add):
    listener, envelope = add(retry=ONCE_MORE), an_envelope()
    answers = [FAILED, SUCCEEDED]
    async with RunningWorker(stores, lambda _: answers.pop(0)) as running:
        stores.listeners.change(replace(listener, enabled=False))
        running.source.hand(envelope)  # before the index knows
        await running.ended(envelope, listener, State.PENDING, attempts=1)
        await until(lambda: len(running.worker.router) == 0)
        await running.hand(an_envelope("2"))
        assert states(stores, listener) == {State.PENDING: 1}

        stores.listeners.change(replace(listener, enabled=True))

        await running.ended(envelope, listener, State.DELIVERED)
    assert running.told == ["1", "1"]


@on_loop
async def test_a_repeated_event_is_brought_to_those_who_were_not_told(stores, add):
    first, envelope = add(), an_envelope()
    async with RunningWorker(stores) as running:
        await running.hand(envelope)
    second = add()

    async with RunningWorker(stores, owner="bridge 2") as running:
        await running.hand(envelope, an_envelope("2"), is_repeat=True)

    told = [
        (call.envelope.event.id, call.listener.id) for call in running.callback.calls
    ]
    assert sorted(told) == sorted([("1", second.id), ("2", first.id), ("2", second.id)])


@on_loop
async def test_a_copy_is_settled_with_its_twin_and_never_before(stores, add):
    listener, envelope = add(), an_envelope()
    async with RunningWorker(stores, wait_for_settle) as running:
        for is_repeat in (False, True, False):
            running.source.hand(envelope, is_repeat=is_repeat)
        (call,) = await running.calls(1)
        assert running.settled == []

        running.callback.settle(call.delivery_id, SUCCEEDED)
        await until(lambda: len(running.settled) == 3)

    assert standing(stores, envelope, listener)[0].state is State.DELIVERED
    assert len(running.callback.calls) == 1


@on_loop
async def test_an_event_published_twice_is_not_told_twice_at_a_time(stores, add):
    listener, envelope = add(), an_envelope()
    async with RunningWorker(stores, wait_for_settle, patience=IMPATIENT) as running:
        await running.hand(envelope)

        await running.hand(envelope)  # again, while the attempt goes on

        (call,) = running.callback.calls
        running.callback.settle(call.delivery_id, SUCCEEDED)
        await running.ended(envelope, listener, State.DELIVERED)
