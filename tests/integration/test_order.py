# SPDX-License-Identifier: Apache-2.0
"""Ordered listeners: an execution's events one by one, executions side by side."""

from collections import defaultdict
from dataclasses import replace

import pytest

from bridge.errors import Conflict
from bridge.model import RetryPolicy, State
from tests.loops import on_loop, until
from tests.stored import NOW, a_listener, an_envelope
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

EXECUTIONS = ("e1", "e2", "e3")
EACH = 8


@pytest.fixture
def listen(stores):
    def listen(**members):
        listener = a_listener(**{"ordered": True, **members})
        stores.listeners.add(listener)
        return listener

    return listen


def events_of(*executions, each=EACH):
    """Return events, an execution's one after the other, executions side by side."""
    return [
        an_envelope(f"{execution}-{number:03}", execution=execution)
        for number in range(each)
        for execution in executions
    ]


def by_execution(told):
    found = defaultdict(list)
    for event_id in told:
        found[event_id[:2]].append(event_id)
    return found


@on_loop
async def test_an_executions_events_are_told_one_after_the_other(stores, listen):
    listener = listen(retry=RetryPolicy((MOMENT,) * 3, 0))
    under_way = defaultdict(set)

    def answer(call):
        mine = under_way[call.envelope.event.execution_id]
        mine.add(call.delivery_id)
        assert mine == {call.delivery_id}
        is_good = call.attempt > 1 or int(call.envelope.event.id[-1]) % 3
        if is_good:
            mine.clear()
        return SUCCEEDED if is_good else FAILED

    envelopes = events_of(*EXECUTIONS)
    async with RunningWorker(stores, answer) as running:
        await running.hand(*envelopes)
        await until(
            lambda: states(stores, listener) == {State.DELIVERED: len(envelopes)}
        )

    told = by_execution(dict.fromkeys(running.told))
    assert told == by_execution([one.event.id for one in envelopes])


@on_loop
async def test_an_event_that_fails_holds_back_its_own_execution_only(stores, listen):
    listener = listen(retry=RetryPolicy((LONG,), 0))

    def answer(call):
        return FAILED if call.envelope.event.id == "e1-003" else SUCCEEDED

    async with RunningWorker(stores, answer) as running:
        await running.hand(*events_of(*EXECUTIONS))
        waiting = {State.DELIVERED: 2 * EACH + 3, State.PENDING: EACH - 3}
        await until(lambda: states(stores, listener) == waiting)

    assert by_execution(running.told)["e1"] == [f"e1-{n:03}" for n in range(4)]


@on_loop
async def test_a_dead_one_lets_the_next_ones_go_on(stores, listen):
    listener = listen(retry=RetryPolicy((), 0))

    def answer(call):
        return FAILED if call.envelope.event.id == "e1-003" else SUCCEEDED

    async with RunningWorker(stores, answer) as running:
        await running.hand(*events_of("e1"))
        ended = {State.DELIVERED: EACH - 1, State.DEAD: 1}
        await until(lambda: states(stores, listener) == ended)

    assert running.told == [f"e1-{n:03}" for n in range(EACH)]


@on_loop
async def test_one_that_waits_for_its_turn_is_not_tried_by_hand(stores, listen):
    listener = listen(retry=RetryPolicy((LONG,), 0))
    first, second = events_of("e1", each=2)
    async with RunningWorker(stores, lambda _: FAILED) as running:
        await running.hand(first, second)
        await running.ended(first, listener, State.PENDING, attempts=1)

        waits, _ = standing(stores, second, listener)
        with pytest.raises(Conflict, match="waits for an earlier event"):
            stores.deliveries.retry(None, waits.id, NOW)


@on_loop
async def test_no_more_executions_are_told_at_once_than_the_listener_takes(
    stores, listen
):
    listen(max_in_flight=2)
    async with RunningWorker(stores, wait_for_settle) as running:
        await running.hand(*events_of(*EXECUTIONS, each=2))
        for number in range(1, 7):
            calls = await running.calls(number)
            await until(lambda: running.worker._dispatcher.running <= 2)
            running.callback.settle(calls[number - 1].delivery_id, SUCCEEDED)

    assert len(running.told) == 6


@on_loop
async def test_others_hear_of_it_at_once(stores, listen):
    listen(retry=RetryPolicy((LONG,), 0), name="ordered")
    listen(ordered=False, name="other")

    def answer(call):
        return FAILED if call.listener.ordered else SUCCEEDED

    envelopes = events_of("e1")
    async with RunningWorker(stores, answer) as running:
        await running.hand(*envelopes)
        await until(lambda: len(running.told) == EACH + 1)

    other = [c for c in running.callback.calls if not c.listener.ordered]
    assert len(other) == EACH


@on_loop
async def test_what_comes_again_is_told_once(stores, listen):
    listener = listen()
    envelopes = events_of("e1")
    async with RunningWorker(stores) as running:
        await running.hand(*envelopes)
        await running.hand(*envelopes, is_repeat=True)
        await until(lambda: states(stores, listener) == {State.DELIVERED: EACH})

    assert running.told == [one.event.id for one in envelopes]


@on_loop
async def test_a_change_lets_what_has_its_place_keep_it(stores, listen):
    listener = listen(retry=RetryPolicy((MOMENT,) * 20, 0))
    is_down = True

    def answer(_):
        return FAILED if is_down else SUCCEEDED

    first, later = events_of("e1", each=5), events_of("e2", each=5)
    async with RunningWorker(stores, answer) as running:
        await running.hand(*first)
        stores.listeners.change(replace(listener, ordered=False))
        await running.worker.router.refresh()
        await running.hand(*later)
        is_down = False
        await until(lambda: states(stores, listener) == {State.DELIVERED: 10})

    delivered = list(dict.fromkeys(running.told))
    assert by_execution(delivered)["e1"] == [one.event.id for one in first]
    positions = [
        one.position for one in stores.deliveries.find(limit=99, execution_id="e2")
    ]
    assert positions == [None] * 5


@on_loop
async def test_one_that_nobody_numbered_is_told_all_the_same(stores, listen):
    listener = listen()
    envelope = an_envelope()
    async with RunningWorker(stores) as running:
        # As when a listener becomes ordered between the two looks at an event.
        running.worker._intake.take(running.source.received(envelope))
        await running.ended(envelope, listener, State.DELIVERED)

    assert running.told == ["1"]
