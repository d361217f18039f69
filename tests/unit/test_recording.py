# SPDX-License-Identifier: Apache-2.0
"""What a test can learn from the callback that tells nobody."""

import asyncio
from datetime import timedelta

from bridge.callbacks.recording import RecordingCallback
from bridge.model import Outcome, OutcomeKind
from tests.calls import NOW, a_call, a_webhook


def outcomes_of(script, answer=None):
    """Run a script with a callback and a `done`; return what came of it."""

    async def scenario():
        loop = asyncio.get_running_loop()
        told = []
        callback = (
            RecordingCallback(loop)
            if answer is None
            else RecordingCallback(loop, answer)
        )
        script(callback, told.append)
        for _ in range(3):
            await asyncio.sleep(0)
        callback.close()
        return told

    return asyncio.run(scenario())


def test_calls_are_noted_in_order_and_succeed():
    calls = [a_call(a_webhook()) for _ in range(3)]
    noted = []

    def script(callback, done):
        for call in calls:
            callback.submit(call, done)
        noted.extend(callback.calls)

    told = outcomes_of(script)
    assert [one.kind for one in told] == [OutcomeKind.SUCCEEDED] * 3
    assert noted == calls


def test_an_answer_may_be_given_in_full():
    full = Outcome(OutcomeKind.REFUSED, NOW, timedelta(seconds=1), status=503)

    told = outcomes_of(
        lambda c, done: c.submit(a_call(a_webhook()), done), lambda _: full
    )
    assert told == [full]


def test_a_waiting_call_ends_once_when_it_is_settled():
    def script(callback, done):
        call = a_call(a_webhook())
        callback.submit(call, done)
        callback.settle(call.delivery_id, OutcomeKind.GONE)
        callback.settle(call.delivery_id, OutcomeKind.SUCCEEDED)

    told = outcomes_of(script, lambda _: None)
    assert [one.kind for one in told] == [OutcomeKind.GONE]
