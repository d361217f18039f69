# SPDX-License-Identifier: Apache-2.0
"""What the database can never take stands alone: all else is recorded as ever."""

from dataclasses import replace

import pytest

from bridge.model import Outcome, RetryPolicy, State
from bridge.store.journal import WORDLESS
from tests.loops import on_loop, until
from tests.stored import NOW, a_listener, an_envelope
from tests.workers import (
    FAILED,
    IMPATIENT,
    MOMENT,
    SUCCEEDED,
    RunningWorker,
    states,
    wait_for_settle,
)

COUNT = 40


@pytest.fixture
def listener(stores):
    listener = a_listener(retry=RetryPolicy((MOMENT,), 0))
    stores.listeners.add(listener)
    return listener


@pytest.fixture
def forbid(database):
    """Let the database refuse rows of a table, as it does what does not fit."""

    def forbid(table, column, value):
        if database.is_sqlite:
            command = (
                f"CREATE TRIGGER forbidden BEFORE INSERT ON {table} "
                f"WHEN NEW.{column} = '{value}' BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        else:
            command = f"ALTER TABLE {table} ADD CHECK ({column} <> '{value}')"
        with database.write() as connection:
            connection.exec_driver_sql(command)

    return forbid


def unwritable(running):
    """How many were counted."""
    name = "notifier_bridge_unwritable_total"
    return running.telemetry.registry.get_sample_value(name)


@on_loop
async def test_an_event_that_cannot_be_recorded_is_rejected_and_no_other(
    stores, listener, forbid, caplog
):
    forbid("events", "id", "bad")
    names = [str(number) for number in range(COUNT)]
    async with RunningWorker(stores) as running:
        for name in [*names[:17], "bad", *names[17:]]:
            running.source.hand(an_envelope(name))
        await until(lambda: len(running.settled) == COUNT)
        await until(lambda: running.source.rejected)
        assert running.worker.health() == []

    (reason,) = running.source.rejected.values()
    assert reason.startswith("the database refused: ")
    assert sorted(running.settled, key=int) == names
    assert states(stores, listener) == {State.DELIVERED: COUNT}
    assert [one.event_id for one in caplog.records if "ever" in one.message] == ["bad"]
    assert unwritable(running) == 1


@on_loop
async def test_words_that_cannot_be_recorded_are_left_out(stores, listener, forbid):
    """What others said must not decide whether it is known how a delivery stands."""
    forbid("attempts", "error", "unspeakable")
    envelope = an_envelope()
    said = Outcome(FAILED, NOW, MOMENT, status=500, error="unspeakable", answer=b"x")
    async with RunningWorker(stores, lambda _: said) as running:
        await running.hand(envelope)
        _, tries = await running.ended(envelope, listener, State.DEAD)

    assert [one.outcome for one in tries] == [
        replace(said, error=WORDLESS, answer=b"")
    ] * 2
    assert (running.settled, unwritable(running)) == (["1"], 0)


@on_loop
async def test_an_attempt_that_outlives_its_rejected_event_is_no_trouble(
    stores, listener, forbid
):
    forbid("events", "id", "bad")
    async with RunningWorker(stores, wait_for_settle, patience=IMPATIENT) as running:
        running.source.hand(an_envelope("bad"))
        await until(lambda: running.source.rejected)

        (call,) = running.callback.calls
        running.callback.settle(call.delivery_id, SUCCEEDED)
        running.source.hand(an_envelope("good"))
        await running.calls(2)
        running.callback.settle(running.callback.calls[1].delivery_id, SUCCEEDED)
        await until(lambda: running.settled == ["good"])

    assert states(stores, listener) == {State.DELIVERED: 1}
