# SPDX-License-Identifier: Apache-2.0
"""Waits for an event of the loop, but not for ever."""

import asyncio
from contextlib import suppress


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Return once an event is set, or after so many seconds."""
    # Not `wait_for`: on Python 3.11 it loses a cancellation that comes with the event.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
