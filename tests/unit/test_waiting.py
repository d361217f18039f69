# SPDX-License-Identifier: Apache-2.0
"""Waiting for an event, for a time limit, and through a cancellation."""

import asyncio

import pytest

from bridge.waiting import wait
from tests.loops import on_loop

LONG = 60.0


@on_loop
async def test_it_ends_with_the_event():
    event = asyncio.Event()
    waiting = asyncio.create_task(wait(event, LONG))
    await asyncio.sleep(0)
    assert not waiting.done()

    event.set()
    await waiting


@on_loop
async def test_it_ends_without_the_event():
    event = asyncio.Event()
    await wait(event, 0.001)

    assert not event.is_set()


@pytest.mark.parametrize("turns", range(4))
@on_loop
async def test_a_cancellation_that_comes_with_the_event_is_not_lost(turns):
    event, after = asyncio.Event(), asyncio.Event()

    async def work():
        await wait(event, LONG)
        await after.wait()

    working = asyncio.create_task(work())
    await asyncio.sleep(0)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    working.cancel()

    _, lost = await asyncio.wait({working}, timeout=1)
    assert not lost
    assert working.cancelled()
