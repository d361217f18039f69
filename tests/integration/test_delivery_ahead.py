# SPDX-License-Identifier: Apache-2.0
"""How far telling runs ahead of recording: what a crash repeats."""

import threading
from contextlib import contextmanager

import pytest

from bridge.callbacks.recording import succeed
from bridge.intake.intake import FEW
from tests.loops import on_loop, until
from tests.stored import a_listener, an_envelope
from tests.workers import RunningWorker

MANY = 4 * FEW


@pytest.fixture
def prompt(stores):
    return kept(stores, task="charge", max_in_flight=MANY)


@pytest.fixture
def slow(stores):
    return kept(stores, task="ship", max_in_flight=MANY)


def kept(stores, **members):
    listener = a_listener(**members)
    stores.listeners.add(listener)
    return listener


@contextmanager
def busy(running):
    """Let the thread that asks the database be held by something else."""
    goes_on = threading.Event()
    running._executor.submit(goes_on.wait)
    try:
        yield
    finally:
        goes_on.set()


@pytest.mark.usefixtures("prompt")
@on_loop
async def test_few_are_told_while_the_database_is_busy_and_all_of_them_after(stores):
    names = [str(number) for number in range(MANY)]
    async with RunningWorker(stores) as running:
        with busy(running):
            for name in names:
                running.source.hand(an_envelope(name))
            await running.calls(FEW)
            told_meanwhile = len(running.told)

        await until(lambda: len(running.settled) == MANY)

    # Twice as many where the bridge looked while the first were under way still.
    assert told_meanwhile <= 2 * FEW < MANY
    assert running.told == names


@pytest.mark.usefixtures("slow")
@on_loop
async def test_receivers_that_are_slow_to_answer_hold_up_nobody_else(stores, prompt):
    def answer(call):
        return succeed(call) if call.listener.id == prompt.id else None

    async with RunningWorker(stores, answer) as running:
        for number in range(MANY):
            running.source.hand(an_envelope(f"slow {number}", task="ship"))
        running.source.hand(an_envelope("prompt"))

        await until(lambda: running.settled == ["prompt"])
        assert len(running.told) == MANY + 1


@pytest.mark.usefixtures("prompt")
@on_loop
async def test_who_hears_of_an_event_is_decided_when_it_comes_in(stores):
    async with RunningWorker(stores) as running:
        with busy(running):
            for number in range(MANY):
                running.source.hand(an_envelope(str(number)))
            await running.calls(FEW)
            kept(stores, name="came later", task="charge", max_in_flight=MANY)
            await running.worker.router.refresh()

        await until(lambda: len(running.settled) == MANY)

    assert len(running.told) == MANY
