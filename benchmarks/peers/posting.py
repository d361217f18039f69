# SPDX-License-Identifier: Apache-2.0
"""Posts by aiohttp; for the peers that work on a loop."""

import aiohttp

from benchmarks.peers.webhook import CONNECTIONS, headers_of


def open_session() -> aiohttp.ClientSession:
    """Return a session without cookies."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def post(opened: aiohttp.ClientSession, body: bytes) -> None:
    """Post one event, or raise."""
    url, headers = headers_of(body)
    async with opened.post(url, data=body, headers=headers) as answer:
        answer.raise_for_status()
