# SPDX-License-Identifier: Apache-2.0
"""Lets a test be a coroutine on the bridge's own kind of event loop."""

import asyncio
import functools

import uvloop

DEADLINE_SECONDS = 30
LOOK_SECONDS = 0.005


def on_loop(test):
    """Run a coroutine function to its end, within the deadline."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        async def bounded():
            async with asyncio.timeout(DEADLINE_SECONDS):
                await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(bounded())

    return run


async def until(look, seconds=DEADLINE_SECONDS):
    """Return what `look` returns, as soon as that is true.

    Raises:
        AssertionError: It never was.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while not (found := look()):
        assert asyncio.get_running_loop().time() < deadline, "it never came true"
        await asyncio.sleep(LOOK_SECONDS)
    return found
