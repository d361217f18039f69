# SPDX-License-Identifier: Apache-2.0
"""What every `Callback` must do, whatever it tells listeners by."""

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from bridge.callbacks.amqp import AmqpCallback
from bridge.callbacks.callback import Callback
from bridge.callbacks.direct.client import DirectCallback
from bridge.callbacks.guard import Guard
from bridge.callbacks.http import HttpCallback
from bridge.callbacks.recording import RecordingCallback
from bridge.errors import Invalid
from bridge.model import CallbackSpec, OutcomeKind
from bridge.receiver import Receiver
from tests.calls import a_call, a_webhook
from tests.contract.exchanges import BOUND, SILENT, UNBOUND, senders, to

PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Stage:
    """A callback, and what makes it answer as a test wants."""

    callback: Callback
    good: CallbackSpec
    bad: CallbackSpec
    silent: CallbackSpec


@asynccontextmanager
async def recording(_):
    answers = {"good": OutcomeKind.SUCCEEDED, "bad": OutcomeKind.REFUSED}
    callback = RecordingCallback(
        asyncio.get_running_loop(),
        lambda call: answers.get(call.listener.callback.url.rpartition("/")[2]),
    )
    specs = (a_webhook(f"https://hooks.example/{n}") for n in ("good", "bad", "silent"))
    yield Stage(callback, *specs)
    callback.close()


@asynccontextmanager
async def webhooks(build):
    silence = threading.Event()

    def answer(received):
        if received.path == "/silent":
            silence.wait(PATIENCE_SECONDS)
        return 400 if received.path == "/bad" else 200

    guard = Guard(allow_loopback=True)
    callback = build(asyncio.get_running_loop(), guard)
    with Receiver("127.0.0.1", 0, on_delivery=id, answer=answer) as receiver:
        specs = (a_webhook(f"{receiver.url}/{n}") for n in ("good", "bad", "silent"))
        yield Stage(callback, *specs)
        silence.set()
        callback.close()


def http(_):
    return webhooks(partial(HttpCallback, threads=8))


def direct(_):
    return webhooks(partial(DirectCallback, connections=8))


@asynccontextmanager
async def amqp(request):
    with senders(request.getfixturevalue("amqp_url")) as sender:
        exchanges = (BOUND, UNBOUND, SILENT)
        callback = AmqpCallback(
            asyncio.get_running_loop(), sender, exchanges=frozenset(exchanges)
        )
        yield Stage(callback, *map(to, exchanges))
        callback.close()


@pytest.fixture(
    params=[recording, http, direct, amqp], ids=lambda stage: stage.__name__
)
def stage(request):
    """What opens a stage; to be called on the loop."""
    return partial(request.param, request)


class Ending:
    """What came of one call, as its `done` was told."""

    def __init__(self, stage, call):
        self.outcomes = []
        self.threads = []
        self._told = asyncio.Event()
        stage.callback.submit(call, self._done)
        self.was_told_in_submit = bool(self.outcomes)

    def _done(self, outcome):
        self.outcomes.append(outcome)
        self.threads.append(threading.current_thread())
        self._told.set()

    async def outcome(self):
        await asyncio.wait_for(self._told.wait(), PATIENCE_SECONDS)
        return self.outcomes[0]


async def settled():
    """Let the loop run what is due; an outcome told twice would be among it."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_a_call_succeeds(stage):
    async def scenario():
        async with stage() as on:
            outcome = await Ending(on, a_call(on.good)).outcome()

            assert outcome.kind is OutcomeKind.SUCCEEDED
            assert outcome.error is None
            assert 0 <= outcome.duration.total_seconds() < PATIENCE_SECONDS

    asyncio.run(scenario())


def test_a_call_is_refused(stage):
    async def scenario():
        async with stage() as on:
            outcome = await Ending(on, a_call(on.bad)).outcome()

            assert outcome.kind is OutcomeKind.REFUSED

    asyncio.run(scenario())


def test_a_call_without_an_answer_ends_in_time(stage):
    async def scenario():
        async with stage() as on:
            started = time.monotonic()
            outcome = await Ending(on, a_call(on.silent, seconds=0.5)).outcome()

            assert outcome.kind is OutcomeKind.TIMED_OUT
            assert 0.4 < outcome.duration.total_seconds() < 1.5
            assert time.monotonic() - started < 1.5

    asyncio.run(scenario())


def test_done_is_called_once_on_the_loops_thread_after_submit(stage):
    async def scenario():
        async with stage() as on:
            specs = [on.good, on.bad, on.silent] * 5
            endings = [Ending(on, a_call(spec, seconds=1)) for spec in specs]
            await asyncio.gather(*(ending.outcome() for ending in endings))
            on.callback.close()
            await settled()

            assert [len(ending.outcomes) for ending in endings] == [1] * 15
            assert {t for one in endings for t in one.threads} == {
                threading.current_thread()
            }
            assert not any(one.was_told_in_submit for one in endings)

    asyncio.run(scenario())


def test_submit_does_not_block(stage):
    async def scenario():
        async with stage() as on:
            started = time.monotonic()
            endings = [Ending(on, a_call(on.silent, seconds=0.5)) for _ in range(50)]
            assert time.monotonic() - started < 0.4

            outcomes = [await ending.outcome() for ending in endings]
            assert {outcome.kind for outcome in outcomes} == {OutcomeKind.TIMED_OUT}
            assert time.monotonic() - started < 1.5

    asyncio.run(scenario())


def test_silent_listeners_do_not_disturb_others(stage):
    async def scenario():
        async with stage() as on:
            silent = [Ending(on, a_call(on.silent)) for _ in range(4)]
            outcome = await Ending(on, a_call(on.good)).outcome()

            assert outcome.kind is OutcomeKind.SUCCEEDED
            assert not any(ending.outcomes for ending in silent)

    asyncio.run(scenario())


def test_a_done_that_raises_takes_no_others_with_it(stage):
    def fail(_):
        raise RuntimeError("the end of one call")

    async def scenario():
        async with stage() as on:
            endings = []
            for _ in range(4):
                on.callback.submit(a_call(on.good), fail)
                endings.append(Ending(on, a_call(on.good)))
            await settled()
            time.sleep(0.3)  # noqa: ASYNC251 - the loop is held: all answers come at once

            outcomes = [await ending.outcome() for ending in endings]
            assert {outcome.kind for outcome in outcomes} == {OutcomeKind.SUCCEEDED}

    asyncio.run(scenario())


def test_what_is_under_way_at_close_is_lost(stage):
    async def scenario():
        async with stage() as on:
            endings = [Ending(on, a_call(on.silent)) for _ in range(3)]
            started = time.monotonic()
            on.callback.close()
            outcomes = [await ending.outcome() for ending in endings]
            await settled()

            assert {outcome.kind for outcome in outcomes} == {OutcomeKind.LOST}
            assert [len(ending.outcomes) for ending in endings] == [1, 1, 1]
            assert time.monotonic() - started < 2.5

    asyncio.run(scenario())


def test_what_comes_after_close_is_lost(stage):
    async def scenario():
        async with stage() as on:
            on.callback.close()
            outcome = await Ending(on, a_call(on.good)).outcome()

            assert outcome.kind is OutcomeKind.LOST

    asyncio.run(scenario())


def test_closing_twice_does_no_harm(stage):
    async def scenario():
        async with stage() as on:
            on.callback.close()
            on.callback.close()

    asyncio.run(scenario())


def test_a_good_callback_passes_the_check(stage):
    async def scenario():
        async with stage() as on:
            on.callback.check(on.good)

    asyncio.run(scenario())


def test_a_callback_without_a_target_is_refused(stage):
    async def scenario():
        async with stage() as on:
            with pytest.raises(Invalid) as caught:
                on.callback.check(CallbackSpec(on.good.type))

            assert caught.value.field.startswith("callback.")

    asyncio.run(scenario())
