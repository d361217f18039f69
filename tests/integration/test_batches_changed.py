# SPDX-License-Identifier: Apache-2.0
"""What becomes of batches whose listener is changed, turned off or removed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.model import CallbackSpec, RetryPolicy, State
from bridge.store.journal import Entry
from bridge.store.vault import Vault
from bridge.store.workbooks import Changed, StoredWorkbook, WorkbookStore
from tests.batching import added, batches_of, envelopes, open_batches
from tests.loops import on_loop, until
from tests.served import KEY
from tests.stored import NOW, a_delivery, an_envelope
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


@on_loop
async def test_a_listener_that_wants_batches_no_more_is_told_event_by_event(stores):
    listener = added(stores, retry=RetryPolicy((LONG,), 0))
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
    stores, answer
):
    listener, told = added(stores, retry=RetryPolicy((LONG,), 0)), envelopes(3)
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


def test_a_workbook_that_wants_batches_no_more_lets_each_event_wait_by_itself(
    stores, database
):
    listener, envelope = added(stores), an_envelope()
    waiting = a_delivery(envelope, listener)
    stores.journal().write([Entry(arrived=(envelope, NOW), deliveries=(waiting,))])
    (formed,) = stores.batches().take(listener, 1, now=NOW, until=NOW)
    stores.journal().write([Entry(deliveries=(formed.delivery,))])  # given back

    alone = replace(listener, callback=CallbackSpec("http", "http://127.0.0.1:9/"))
    workbook = StoredWorkbook("default", "orders", {}, NOW, NOW)
    workbooks = WorkbookStore(database, Vault(KEY))
    workbooks.save(workbook, Changed(changed=[alone]))

    assert standing(stores, envelope, listener)[0].batch_id is None
    assert open_batches(stores) == 0


@on_loop
async def test_what_waits_for_a_removed_listener_ends_as_cancelled(stores):
    listener = added(stores, retry=RetryPolicy((LONG,), 0))
    async with RunningWorker(stores, lambda _: FAILED) as running:
        await running.hand(*envelopes(3))
        await running.ended(an_envelope(), listener, State.PENDING, attempts=1)

        stores.listeners.remove(listener.id, datetime.now(UTC))

    assert states(stores, listener) == {State.CANCELLED: 3}
    assert open_batches(stores) == 0


@on_loop
async def test_an_answer_that_a_removed_listener_gives_still_counts(stores):
    listener = added(stores)
    async with RunningWorker(stores, wait_for_settle) as running:
        await running.hand(*envelopes(3))
        (call,) = await running.calls(1)
        stores.listeners.remove(listener.id, datetime.now(UTC))

        running.callback.settle(call.delivery_id, SUCCEEDED)
        await until(lambda: states(stores, listener) == {State.DELIVERED: 3})


@on_loop
async def test_a_receiver_that_is_gone_ends_its_batch_and_turns_its_listener_off(
    stores,
):
    listener = added(stores)
    async with RunningWorker(stores, lambda _: GONE) as running:
        await running.hand(*envelopes(3))
        await until(lambda: states(stores, listener) == {State.DEAD: 3})
        await until(lambda: not stores.listeners.get(None, listener.id).enabled)


@on_loop
async def test_what_waited_while_a_listener_was_off_goes_together(stores):
    listener = added(stores, wait=MOMENT)
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
