# SPDX-License-Identifier: Apache-2.0
"""How a new listener comes from the past to what happens now, without gap or repeat.

Until it is live no bridge tells it of what comes in; the replay does, from the table of
events, position by position, until little is left. From then on bridges tell it. What
they took in before they knew that is told last.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from bridge.model import Listener
from bridge.model.replay import Phase, ReplayState
from bridge.replay.course import Course
from bridge.replay.pace import PAGE

KNOWN_AFTER: Final = timedelta(seconds=2)
"""So long after a listener has gone live every bridge knows of it."""

RECORDED_AFTER: Final = timedelta(seconds=2)
"""So long after an event came in it is recorded what becomes of it."""


async def settle(course: Course) -> None:
    """Wait until all has ended that was told so far: what follows is to come after."""
    replay = course.replay
    ask = partial(course.around.archive.replays.waiting, replay.listener_id, None, 1)
    is_hurried = replay.state is ReplayState.STOPPING
    if is_hurried or not await asyncio.to_thread(ask):
        await course.keep(phase=Phase.CHASE)


async def chase(course: Course, listener: Listener) -> None:
    """Tell what came in meanwhile; go live when that was little."""
    if await course.is_crowded(PAGE):
        return
    begin, is_first = course.replay.place.position, course.head is None
    head = await course.look_up_head()
    is_last = await _tell_next(course, listener, head)
    if is_last:
        course.head = None
    if is_last and is_first and head - begin <= PAGE:
        await _go_live(course)


async def hand_over(course: Course, listener: Listener) -> None:
    """Tell what bridges took in before they knew that the listener is live.

    What came in before it was is told by nobody else: at once. Of what came in after
    that, nobody knows before it is recorded whether a bridge tells it.
    """
    replay, now = course.replay, course.around.now()
    live_at = replay.created_at if replay.live_at is None else replay.live_at
    if now < live_at + KNOWN_AFTER:
        upto = replay.place.position + PAGE
        page = await course.page(upto, PAGE, in_order=listener.ordered)
        before = [one for one in page.events if one.received_at < live_at]
        wanted = await course.wanted(listener, before)
        await course.tell(listener, wanted, replay, in_order=listener.ordered)
        return
    head = await course.look_up_head()
    if course.head is not None and now < course.head[1] + RECORDED_AFTER:
        return
    if await _tell_next(course, listener, head):
        was_stopped = replay.state is ReplayState.STOPPING
        await course.end(ReplayState.STOPPED if was_stopped else ReplayState.DONE)


async def _tell_next(course: Course, listener: Listener, head: int) -> bool:
    """Tell the next events up to a position; tell whether these were the last."""
    page = await course.page(head, PAGE, in_order=listener.ordered)
    replay = course.replay
    looked_at = replay.looked_at + len(page.events)
    after = replace(replay, place=page.end, looked_at=looked_at)
    wanted = await course.wanted(listener, page.events)
    await course.tell(listener, wanted, after, in_order=listener.ordered)
    return page.is_last and not course.is_over


async def _go_live(course: Course) -> None:
    now = course.around.now()
    live = replace(course.replay, phase=Phase.HANDOVER, live_at=now, updated_at=now)
    if not await asyncio.to_thread(course.around.archive.replays.go_live, live):
        course.is_over = True
        return
    course.replay = live
    await course.around.routes.refresh()
