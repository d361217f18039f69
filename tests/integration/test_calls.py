# SPDX-License-Identifier: Apache-2.0
"""From a question to its reply, within a worker: who is asked, when, and what counts."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from bridge.model import (
    CallbackSpec,
    Mode,
    Outcome,
    OutcomeKind,
    Question,
    RetryPolicy,
    State,
)
from tests.loops import on_loop, until
from tests.stored import a_listener, an_envelope
from tests.workers import (
    FAILED,
    IMPATIENT,
    LONG,
    MOMENT,
    SUCCEEDED,
    RunningWorker,
    wait_for_settle,
)

MUCH_LATER = RetryPolicy((LONG,), 0)
REFUSED = Outcome(
    OutcomeKind.REFUSED,
    datetime(2026, 11, 24, tzinfo=UTC),
    MOMENT,
    status=409,
    error="answered 409 Conflict",
    answer=b"closed",
)


class Asking:
    """Somebody who waits for so long, and what was replied."""

    def __init__(self, wait=LONG):
        self.replies = []
        deadline = time.monotonic() + wait.total_seconds()
        self.question = Question(deadline, self.replies.append)

    async def reply(self):
        await until(lambda: self.replies)
        (answers,) = self.replies
        return answers


@pytest.fixture
def add(stores):
    """Keeps a listener that may be waited for."""

    def add(*, mode=Mode.CALL, on_timeout="accept", **members):
        on_timeout = on_timeout if mode is Mode.CALL else None
        callback = CallbackSpec(
            "http", "http://127.0.0.1:9/hook", mode=mode, on_timeout=on_timeout
        )
        members = {"callback": callback, "retry": MUCH_LATER, **members}
        listener = a_listener(**members)
        stores.listeners.add(listener)
        return listener

    return add


@on_loop
async def test_the_reply_comes_before_the_event_is_recorded(stores, add):
    add(name="gate")
    add(name="slow", mode=Mode.CAST)
    asking = Asking()

    def answer(call):
        return None if call.listener.name == "slow" else REFUSED

    async with RunningWorker(stores, answer) as running:
        running.source.hand(an_envelope(), question=asking.question)
        (said,) = await asking.reply()

        assert (said.name, said.is_accepted, said.reason) == ("gate", False, "closed")
        assert running.settled == []


@on_loop
async def test_who_is_not_waited_for_is_not_told_of_any_wait(stores, add):
    add(name="gate")
    add(name="other", mode=Mode.CAST)
    asking = Asking()
    async with RunningWorker(stores) as running:
        running.source.hand(an_envelope(), question=asking.question)
        calls = await running.calls(2)

    waits = {call.listener.name: call.wait for call in calls}
    assert waits["other"] is None
    assert timedelta() < waits["gate"] <= LONG


@on_loop
async def test_a_deadline_that_is_over_is_replied_to_at_once(stores, add):
    add(on_timeout="refuse")
    asking = Asking(-MOMENT)
    async with RunningWorker(stores, wait_for_settle) as running:
        running.source.hand(an_envelope(), question=asking.question)
        (said,) = await asking.reply()

    assert (said.is_accepted, said.is_answered) == (False, False)


@on_loop
async def test_an_answer_after_the_deadline_still_counts_for_the_delivery(stores, add):
    listener, envelope = add(), an_envelope()
    asking = Asking(MOMENT)
    async with RunningWorker(stores, wait_for_settle) as running:
        running.source.hand(envelope, question=asking.question)
        (call,) = await running.calls(1)
        (said,) = await asking.reply()
        running.callback.settle(call.delivery_id, REFUSED)
        delivery, (attempt,) = await running.ended(envelope, listener, State.DELIVERED)

    assert said.is_accepted
    assert delivery.reason == "refused: closed"
    assert attempt.outcome.kind is OutcomeKind.REFUSED


@on_loop
async def test_a_retry_is_told_like_a_cast_and_may_not_refuse(stores, add):
    listener, envelope = add(retry=RetryPolicy((MOMENT, LONG), 0)), an_envelope()
    asking = Asking()
    outcomes = [FAILED, REFUSED]
    async with RunningWorker(stores, lambda _: outcomes.pop(0)) as running:
        running.source.hand(envelope, question=asking.question)
        await running.ended(envelope, listener, State.PENDING, attempts=2)
        first, second = running.callback.calls

    assert first.wait is not None
    assert second.wait is None
    assert [one.is_answered for one in await asking.reply()] == [False]


@on_loop
async def test_who_was_parked_can_answer_in_time(stores, add):
    """Its only slot is taken for longer than a delivery may wait in memory."""
    add(max_in_flight=1)
    asking = Asking()
    async with RunningWorker(stores, wait_for_settle, patience=IMPATIENT) as running:
        running.source.hand(an_envelope("1"))
        (busy,) = await running.calls(1)
        running.source.hand(an_envelope("2"), question=asking.question)
        await until(lambda: running.settled == ["1", "2"])
        running.callback.settle(busy.delivery_id, SUCCEEDED)
        _, parked = await running.calls(2)
        running.callback.settle(parked.delivery_id, REFUSED)
        (said,) = await asking.reply()

    assert parked.envelope.event.id == "2"
    assert not said.is_accepted


@on_loop
async def test_a_repeat_asks_again_whoever_may_refuse_and_tells_nobody_else(
    stores, add
):
    """What was answered to a bridge that is gone must not be taken for a yes."""
    add(name="gate")
    add(name="other", mode=Mode.CAST)
    envelope, asking = an_envelope(), Asking()

    def answer(call):
        return REFUSED if call.listener.name == "gate" else SUCCEEDED

    async with RunningWorker(stores, answer) as running:
        running.source.hand(envelope, question=Asking().question)
        await until(lambda: running.settled == ["1"])
        running.source.hand(envelope, is_repeat=True, question=asking.question)
        (said,) = await asking.reply()
        await until(lambda: running.settled == ["1", "1"])

    told = [call.listener.name for call in running.callback.calls]
    assert sorted(told[:2]) == ["gate", "other"]
    assert told[2:] == ["gate"]
    assert not said.is_accepted


@on_loop
async def test_a_repeat_that_nobody_waits_for_asks_nobody_again(stores, add):
    add()
    envelope = an_envelope()
    async with RunningWorker(stores) as running:
        await running.hand(envelope)
        await running.hand(envelope, is_repeat=True)

    assert running.told == ["1"]


@on_loop
async def test_a_copy_that_comes_while_the_first_is_under_way_is_answered_too(
    stores, add
):
    """A caller that lost its connection sends again, and waits for the second reply."""
    add()
    envelope, first, second = an_envelope(), Asking(), Asking()
    async with RunningWorker(stores, wait_for_settle) as running:
        running.source.hand(envelope, question=first.question)
        running.source.hand(envelope, question=second.question)
        (call,) = await running.calls(1)
        running.callback.settle(call.delivery_id, REFUSED)
        _, again = await running.calls(2)
        running.callback.settle(again.delivery_id, REFUSED)
        replies = await first.reply(), await second.reply()

    assert again.delivery_id == call.delivery_id
    assert running.settled == ["1", "1"]
    assert [one.is_accepted for (one,) in replies] == [False, False]


@on_loop
async def test_a_copy_hears_of_an_attempt_that_goes_on(stores, add):
    """The first copy is recorded already, as parked under this bridge's lease."""
    add()
    envelope, first, second = an_envelope(), Asking(), Asking()
    async with RunningWorker(stores, wait_for_settle, patience=IMPATIENT) as running:
        running.source.hand(envelope, question=first.question)
        (call,) = await running.calls(1)
        await until(lambda: running.settled == ["1"])
        running.source.hand(envelope, is_repeat=True, question=second.question)
        await until(lambda: running.settled == ["1", "1"])
        running.callback.settle(call.delivery_id, REFUSED)
        replies = await first.reply(), await second.reply()

    assert running.told == ["1"]
    assert [one.is_accepted for (one,) in replies] == [False, False]


@on_loop
async def test_at_the_end_of_a_bridge_nobody_is_kept_waiting(stores, add):
    """One attempt is under way, another delivery waits for its slot."""
    add(max_in_flight=1, on_timeout="refuse")
    first, second = Asking(), Asking()
    async with RunningWorker(stores, wait_for_settle) as running:
        running.source.hand(an_envelope("1"), question=first.question)
        running.source.hand(an_envelope("2"), question=second.question)
        await running.calls(1)
        await running.drain()

    for asking in (first, second):
        (said,) = await asking.reply()
        assert (said.is_accepted, said.is_answered) == (False, False)


@on_loop
async def test_many_ask_at_the_same_time_and_each_has_its_own_reply(stores, add):
    add()
    every = {str(number): Asking() for number in range(100)}

    def answer(call):
        return REFUSED if int(call.envelope.event.id) % 2 else SUCCEEDED

    async with RunningWorker(stores, answer) as running:
        for event_id, asking in every.items():
            running.source.hand(an_envelope(event_id), question=asking.question)
        replies = await asyncio.gather(*(one.reply() for one in every.values()))

    accepted = [said.is_accepted for (said,) in replies]
    assert accepted == [not int(event_id) % 2 for event_id in every]
