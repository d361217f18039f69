# SPDX-License-Identifier: Apache-2.0
"""Past events sent to a listener again, and new listeners that begin in the past."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import Conflict
from bridge.model import State, delivery_id
from bridge.model.replay import ReplayState, Told, Wanted
from bridge.store.clock import Clock
from tests.loops import on_loop, until
from tests.replaying import FAST, Past, ended, names, told
from tests.stored import MINUTE, a_listener
from tests.workers import RunningWorker


@pytest.fixture
def now(stores):
    clock = Clock(stores.database)
    clock.synchronise()
    return clock.now


@pytest.fixture
def listener(stores):
    listener = a_listener()
    stores.listeners.add(listener)
    return listener


@pytest.fixture
def keep(stores, now):
    return Past(stores, now).keep


@on_loop
async def test_past_events_are_told_again_under_the_id_they_had(
    stores, listener, keep, now
):
    keep("1", "2", "3", told=[(listener, State.DELIVERED)])
    async with RunningWorker(stores) as running:
        replay = stores.replays().begin(listener, Wanted(), FAST, now())
        over = await ended(stores, replay)
        await until(lambda: len(told(running, listener)) == 3)

    assert (over.state, over.looked_at, over.replayed) == (ReplayState.DONE, 3, 3)
    ids = {call.delivery_id for call in running.callback.calls}
    assert ids == {delivery_id("/notifier", one, listener.id) for one in "123"}


@on_loop
async def test_one_executions_events_are_told_in_the_order_they_came_in(
    stores, listener, keep, now
):
    story = names(40)
    keep(*story[:25], execution="e7")
    keep("other", execution="e8")
    keep(*story[25:], execution="e7", ago=5)
    async with RunningWorker(stores) as running:
        wanted = Wanted(execution_id="e7")
        stores.replays().begin(listener, wanted, FAST, now())
        await until(lambda: len(told(running, listener)) == 40)

    assert told(running, listener) == story


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "abcdef"),
        ({"since": 6}, "def"),
        ({"until": 6}, "abc"),
        ({"types": ("on-task-success",)}, "f"),
        ({"told": Told.DEAD}, "b"),
        ({"told": Told.NONE}, "cef"),
        ({"execution_id": "e2"}, "e"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
@on_loop
async def test_what_is_wanted_is_told_and_nothing_else(  # noqa: PLR0917 - fixtures
    stores, listener, keep, now, members, expected
):
    """What its listener does not hear is never wanted."""
    keep("a", told=[(listener, State.DELIVERED)])
    keep("b", told=[(listener, State.DEAD)])
    keep("c", ago=8)
    keep("d", ago=4, told=[(listener, State.DELIVERED)])
    keep("e", ago=4, execution="e2")
    keep("f", ago=4, event_type="task.succeeded")
    keep("unheard", task=None, event_type="execution.failed")
    times = {
        name: now() - members[name] * MINUTE
        for name in ("since", "until")
        if name in members
    }
    async with RunningWorker(stores) as running:
        replay = stores.replays().begin(
            listener, Wanted(**{**members, **times}), FAST, now()
        )
        await ended(stores, replay)
        await until(lambda: len(told(running, listener)) >= len(expected))

    assert sorted(told(running, listener)) == sorted(expected)


@on_loop
async def test_a_replay_that_is_stopped_tells_nothing_more(stores, listener, keep, now):
    keep(*names(50))
    async with RunningWorker(stores) as running:
        replay = stores.replays().begin(listener, Wanted(), 20.0, now())
        await until(lambda: told(running, listener))
        stopped = stores.replays().stop(None, replay.id, now())
        count = stores.replays().get(None, replay.id).replayed
        await until(lambda: len(told(running, listener)) == count)

    assert stopped.state is ReplayState.STOPPED
    assert 0 < count < 50
    assert stores.replays().get(None, replay.id).replayed == count


@on_loop
async def test_another_bridge_goes_on_where_one_died(stores, listener, keep, now):
    """A bridge that dies keeps its lease; when that is over, another takes the rest."""
    keep(*names(30))
    dead = stores.replays("dead bridge")
    replay = dead.begin(listener, Wanted(), FAST, now())
    (mine,) = dead.claim(10, now=now(), until=now() + timedelta(seconds=1))
    page = stores.archive().history.page(mine, mine.last, 10, in_order=False)
    after = replace(mine, place=page.end, looked_at=10)
    retelling = stores.archive("dead bridge").retelling
    assert retelling.tell(after, listener, page.events, now(), in_order=False) == 10

    async with RunningWorker(stores) as running:
        over = await ended(stores, replay)
        await until(lambda: len(told(running, listener)) == 30)

    assert (over.looked_at, over.replayed) == (30, 30)
    assert sorted(told(running, listener)) == sorted(names(30))
    assert retelling.tell(after, listener, page.events, now(), in_order=False) is None


@on_loop
async def test_a_replay_ends_with_its_listener(stores, listener, keep, now):
    keep(*names(30))
    async with RunningWorker(stores):
        replay = stores.replays().begin(listener, Wanted(), 1.0, now())
        stores.listeners.remove(listener.id, now())
        over = await ended(stores, replay)

    assert over.state is ReplayState.STOPPED
    assert over.reason == "the listener was removed"


def test_a_listener_has_ten_replays_at_most(stores, listener, now):
    for _ in range(10):
        stores.replays().begin(listener, Wanted(), 1.0, now())

    with pytest.raises(Conflict, match="stop some"):
        stores.replays().begin(listener, Wanted(), 1.0, now())
