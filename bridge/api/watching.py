# SPDX-License-Identifier: Apache-2.0
"""Events as they come in, as server-sent events, to those who may see them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from bridge.feed import Feed, Subscription
from bridge.model import Envelope
from notifier.wire import to_cloudevent

PING_AFTER: Final = timedelta(seconds=15)
"""A stream is never silent for longer, so that a dead connection is noticed."""

LOOK_AFTER: Final = timedelta(seconds=2)
"""So often it is asked whether who watches may still do so."""

_LOOK_SECONDS: Final = LOOK_AFTER.total_seconds()


async def watch(
    feed: Feed,
    bindings: Sequence[str],
    project: str | None,
    is_still_in: Callable[[], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    """Yield what is sent, until the feed ends or who watches may not any more.

    Args:
        feed: Of events as they are taken in.
        bindings: Topic bindings; one of them must accept an event.
        project: Whose events are seen; None: those of every one.
        is_still_in: Asked every two seconds.
    """
    now = asyncio.get_running_loop().time
    told = 0
    with feed.subscribe(bindings, project) as subscription:
        # Whoever reads this will miss nothing that comes in from now on.
        yield b": watching\n\n"
        spoke_at = looked_at = now()
        while True:
            envelope: Envelope | None = None
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    envelope = await anext(subscription)
            except TimeoutError:
                pass
            except StopAsyncIteration:
                return
            if envelope is None or now() - looked_at >= _LOOK_SECONDS:
                looked_at = now()
                if not await is_still_in():
                    return
            if envelope is not None:
                spoke_at = now()
                yield _said(subscription, told) + message(envelope)
                told = subscription.dropped
            elif now() - spoke_at >= PING_AFTER.total_seconds():
                spoke_at = now()
                yield b": ping\n\n"


def message(envelope: Envelope) -> bytes:
    r"""Return an event as a server-sent event.

    ::

        id: 6c1f…\n
        event: task.failed\n
        data: {"specversion": "1.0", …}\n
        \n
    """
    event = envelope.event
    data = json.dumps(to_cloudevent(event), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.type}\ndata: {data}\n\n".encode()


def _said(subscription: Subscription, told: int) -> bytes:
    if subscription.dropped == told:
        return b""
    return f": {subscription.dropped} events were dropped so far\n\n".encode()
