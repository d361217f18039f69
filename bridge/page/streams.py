# SPDX-License-Identifier: Apache-2.0
"""Server-sent events for the page: that something changed, and events as they come in."""

import asyncio
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from starlette.responses import Response, StreamingResponse

from bridge.api.events import MAX_BINDINGS
from bridge.api.parts import Parts
from bridge.api.watching import watch
from bridge.errors import Invalid, StoreError
from bridge.feed import Feed
from bridge.model import Access
from bridge.page.rendering import HEADERS
from bridge.page.visit import Visit
from notifier.topology import MAX_KEY_BYTES

QUIET_SECONDS: Final = 5.0
"""What changes without an event, such as a retry, is seen after so long."""

_NAME = re.compile(rb"^event: .*\n", re.MULTILINE)

REST_SECONDS: Final = 1.0
"""However many events there are, a page looks again once in so long."""


class Streams:
    """The handlers, on the event loop."""

    def __init__(self, parts: Parts) -> None:
        self._feed = parts.feed
        self._sign_in = parts.sign_in

    async def changes(self, visit: Visit) -> Response:
        """Tell a page, again and again, that it may be out of date."""
        return _streaming(self._ticks(visit.access))

    async def events(self, visit: Visit) -> Response:
        """Send events as they come in."""
        bindings = [one.strip() or "#" for one in visit.query.all("binding")] or ["#"]
        if len(bindings) > MAX_BINDINGS or any(
            len(one.encode()) > MAX_KEY_BYTES for one in bindings
        ):
            raise Invalid("binding", "is too long")
        if self._feed is None:
            raise StoreError("this process takes no events in; ask one that does")
        still_in = partial(self._is_still_in, visit.access)
        source = watch(self._feed, bindings, visit.access.project, still_in)
        return _streaming(_unnamed(source))

    async def _ticks(self, access: Access) -> AsyncIterator[bytes]:
        yield b"retry: 2000\n\n"
        while await self._is_still_in(access):
            await _something(self._feed, access.project)
            if self._feed is not None and self._feed.closed:
                return
            await asyncio.sleep(REST_SECONDS)  # what became of it is known by then
            yield b"data: changed\n\n"

    async def _is_still_in(self, access: Access) -> bool:
        return self._sign_in is None or await self._sign_in.is_still_in(access)


async def _something(feed: Feed | None, project: str | None) -> None:
    """Return once an event came in, or it was quiet for a while."""
    if feed is None:
        await asyncio.sleep(QUIET_SECONDS)
        return
    with feed.subscribe(["#"], project) as subscription:
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await anext(subscription)
        except (TimeoutError, StopAsyncIteration):
            return


async def _unnamed(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Leave out the events' types: a script hears only of those that it can name."""
    async for chunk in source:
        yield _NAME.sub(b"", chunk)


def _streaming(source: AsyncIterator[bytes]) -> Response:
    headers = {**HEADERS, "X-Accel-Buffering": "no"}
    return StreamingResponse(source, media_type="text/event-stream", headers=headers)
