# SPDX-License-Identifier: Apache-2.0
"""New listeners that begin in the past, and come to what happens now."""

import asyncio
from datetime import timedelta

import pytest

from bridge.model import OutcomeKind, delivery_id
from bridge.model.replay import Phase, ReplayState, Start, Wanted
from bridge.replay import starting
from bridge.store.clock import Clock
from tests.loops import on_loop, until
from tests.replaying import FAST, Past, ended, names, told
from tests.stored import MINUTE, a_listener, an_envelope
from tests.workers import SUCCEEDED, RunningWorker


@pytest.fixture(autouse=True)
def _short_handover(monkeypatch):
    moment = timedelta(seconds=0.3)
    monkeypatch.setattr(starting, "KNOWN_AFTER", moment)
    monkeypatch.setattr(starting, "RECORDED_AFTER", moment)


@pytest.fixture
def now(stores):
    clock = Clock(stores.database)
    clock.synchronise()
    return clock.now


@pytest.fixture
def keep(stores, now):
    return Past(stores, now).keep


@on_loop
async def test_a_new_listener_gets_an_executions_story_in_order_then_what_happens(
    stores, keep, now
):
    """Done when: no gap and no repeat, though events come in all the time."""
    story, rest = names(40), [f"live-{number:03}" for number in range(60)]
    keep(*story, execution="e7")
    keep("other", execution="e8")
    newcomer = a_listener(created_at=now(), starting=True)
    async with RunningWorker(stores) as running:
        stores.listeners.add(newcomer, Start(Wanted(execution_id="e7"), FAST))
        for name in rest:
            await running.hand(an_envelope(name, execution="e7"))
        (replay,) = stores.replays().find(limit=1)
        await until(
            lambda: stores.replays().get(None, replay.id).phase is Phase.HANDOVER
        )
        await running.hand(an_envelope("live-last", execution="e7"))
        over = await ended(stores, replay)
        await until(lambda: len(told(running, newcomer)) == 101)

    heard = told(running, newcomer)
    assert over.state is ReplayState.DONE
    assert heard[:40] == story
    assert sorted(heard[40:]) == [*rest, "live-last"]
    assert not stores.listeners.get(None, newcomer.id).starting


@pytest.mark.parametrize(
    ("since", "expected"), [(None, ["a", "b", "c"]), (6, ["b", "c"])]
)
@on_loop
async def test_a_new_listener_may_begin_at_a_time(stores, keep, now, since, expected):
    keep("a")
    keep("b", ago=4)
    start = Wanted(since=None if since is None else now() - since * MINUTE)
    newcomer = a_listener(created_at=now(), starting=True)
    async with RunningWorker(stores) as running:
        stores.listeners.add(newcomer, Start(start))
        await until(lambda: not stores.listeners.get(None, newcomer.id).starting)
        await running.hand(an_envelope("c"))
        (replay,) = stores.replays().find(limit=1)
        await ended(stores, replay)
        await until(lambda: len(told(running, newcomer)) == len(expected))

    assert sorted(told(running, newcomer)) == expected


@on_loop
async def test_what_a_bridge_took_in_before_it_knew_is_told_all_the_same(
    stores, keep, now
):
    """It has not seen yet that the listener is live; the event is told by nobody else."""
    newcomer = a_listener(created_at=now(), starting=True)
    stores.listeners.add(newcomer, Start(Wanted()))
    async with RunningWorker(stores) as running:
        await until(lambda: not stores.listeners.get(None, newcomer.id).starting)
        keep("late", ago=0)
        (replay,) = stores.replays().find(limit=1)
        await ended(stores, replay)
        await until(lambda: told(running, newcomer))

    assert told(running, newcomer) == ["late"]


@on_loop
async def test_a_start_that_is_stopped_leaves_out_the_past_and_goes_live(
    stores, keep, now
):
    keep(*names(200))
    newcomer = a_listener(created_at=now(), starting=True)
    async with RunningWorker(stores) as running:
        stores.listeners.add(newcomer, Start(Wanted(), 10.0))
        (replay,) = stores.replays().find(limit=1)
        await until(lambda: told(running, newcomer))
        stopping = stores.replays().stop(None, replay.id, now())
        over = await ended(stores, replay)
        await running.hand(an_envelope("live"))
        await until(lambda: "live" in told(running, newcomer))

    assert stopping.state is ReplayState.STOPPING
    assert over.state is ReplayState.STOPPED
    assert len(told(running, newcomer)) < 200


@on_loop
async def test_nothing_new_is_told_before_the_story_has_ended(stores, keep, now):
    """An endpoint that fails holds up what follows, as the story is told in order."""
    keep("1", "2", execution="e7")
    newcomer = a_listener(created_at=now(), starting=True)
    fails = True

    def answer(_):
        return OutcomeKind.FAILED if fails else SUCCEEDED

    async with RunningWorker(stores, answer) as running:
        stores.listeners.add(newcomer, Start(Wanted(execution_id="e7"), FAST))
        await until(lambda: told(running, newcomer))
        await running.hand(an_envelope("live", execution="e7"))
        (replay,) = stores.replays().find(limit=1)
        await until(
            lambda: stores.replays().get(None, replay.id).phase is Phase.SETTLING
        )
        await asyncio.sleep(0.2)  # time in which nothing may be told
        assert told(running, newcomer) == ["1"]
        fails = False
        stores.deliveries.retry(None, delivery_id("/notifier", "1", newcomer.id), now())
        await until(lambda: len(told(running, newcomer)) == 4)

    assert told(running, newcomer) == ["1", "1", "2", "live"]
