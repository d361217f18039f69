# SPDX-License-Identifier: Apache-2.0
"""Goes on with replays, a little at a time, beside what happens now.

Lives on the event loop. A replay is gone on with by one bridge at a time, under a lease;
what it has told is kept in one transaction with how far it is. Nothing is called from
here: what is pending by it is told from the database, as what was parked is.

    past ──▶ done                                         a replay
    past ──▶ settling ──▶ chase ──▶ handover ──▶ done     the start of a new listener
"""

import asyncio
import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never

from bridge.errors import NotFound, StoreError
from bridge.model import Listener
from bridge.model.replay import Phase, Place, Replay, ReplayId, ReplayState
from bridge.replay.course import Course, Surroundings
from bridge.replay.pace import most_at_once, most_waiting, page_size, rate_of
from bridge.replay.starting import chase, hand_over, settle
from bridge.store.history import Page

STEP_SECONDS: Final = 0.05
LEAST_REST_SECONDS: Final = 0.01
"""Between two steps, where the database takes long."""

LOOK_SECONDS: Final = 0.5
LEASE: Final = timedelta(seconds=10)
AT_ONCE: Final = 10
"""So many replays are gone on with in one bridge at the same time."""

_log = logging.getLogger(__name__)


class Replayer:
    """Runs until it is cancelled.

    Args:
        around: What replays need.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._courses: dict[ReplayId, Course] = {}
        self._looked = -LOOK_SECONDS

    @property
    def open(self) -> int:
        """How many replays this bridge is at."""
        return len(self._courses)

    async def run(self) -> None:
        """Go on with replays, again and again."""
        while True:
            began = time.monotonic()
            try:
                await self._look()
                for course in list(self._courses.values()):
                    await _go_on(course)
                    if course.is_over:
                        self._courses.pop(course.replay.id, None)
            except StoreError as err:
                _log.warning("cannot replay", extra={"reason": str(err)})
            every = STEP_SECONDS if self._courses else LOOK_SECONDS
            rest = every - (time.monotonic() - began)
            await asyncio.sleep(max(rest, LEAST_REST_SECONDS))

    async def _look(self) -> None:
        """Take replays, and see which of them go on."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        claim, now = self._around.archive.replays.claim, self._around.now()
        found = await asyncio.to_thread(
            partial(claim, AT_ONCE, now=now, until=now + LEASE)
        )
        courses: dict[ReplayId, Course] = {}
        for replay in found:
            known = self._courses.get(replay.id)
            courses[replay.id] = known or Course(replay, self._around)
            courses[replay.id].replay = replay
        self._courses = courses


async def _go_on(course: Course) -> None:
    replay = course.replay
    listener = course.around.routes.listener(replay.listener_id)
    if listener is None:
        await _without_listener(course)
        return
    match replay.phase:
        case Phase.PAST:
            await _past(course, listener)
        case Phase.SETTLING:
            await settle(course)
        case Phase.CHASE:
            await chase(course, listener)
        case Phase.HANDOVER:
            await hand_over(course, listener)
        case _:
            assert_never(replay.phase)


async def _without_listener(course: Course) -> None:
    """End what nobody will hear; a listener that is disabled is waited for."""
    get = course.around.archive.listeners.get
    try:
        await asyncio.to_thread(get, None, course.replay.listener_id)
    except NotFound:
        await course.end(ReplayState.STOPPED, reason="the listener was removed")


async def _past(course: Course, listener: Listener) -> None:
    replay = course.replay
    if replay.state is ReplayState.STOPPING:
        await course.keep(place=Place(replay.last), phase=Phase.CHASE)
        return
    rate = rate_of(replay, listener)
    count = min(course.pace.allowed(rate, time.monotonic()), most_at_once(listener))
    if not count or await course.is_crowded(most_waiting(rate)):
        return
    in_order = listener.ordered or replay.is_in_order
    page = await course.page(replay.last, page_size(replay, count), in_order=in_order)
    wanted = await course.wanted(listener, page.events)
    after = _after(replay, page, course.around.now())
    course.pace.note(await course.tell(listener, wanted, after, in_order=in_order))


def _after(replay: Replay, page: Page, now: datetime) -> Replay:
    """Return how a replay stands once a page of the past is told."""
    looked_at = replay.looked_at + len(page.events)
    after = replace(replay, place=page.end, looked_at=looked_at, updated_at=now)
    if not page.is_last:
        return after
    if not replay.is_start:
        return replace(after, state=ReplayState.DONE, ended_at=now)
    phase = Phase.SETTLING if replay.is_in_order else Phase.CHASE
    return replace(after, place=Place(replay.last), phase=phase)
