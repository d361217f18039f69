# SPDX-License-Identifier: Apache-2.0
"""Tells the page's requests from the API's, and makes the page for the first of them.

What the page needs beside the API is imported then: a bridge that nobody looks at starts
without it.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.api.parts import Parts

ROOTS: Final = frozenset(
    {
        *("", "listeners", "deliveries", "events", "executions", "explain", "dead"),
        *("quarantine", "sign-in", "sign-out", "static", "stream"),
    }
)
"""First words of the page's paths; all others are the API's."""


class Front:
    """What answers at the bridge's port.

    Args:
        api: Answers what is not the page's.
        parts: The rest of the bridge, as the API has it.
    """

    def __init__(self, api: ASGIApp, parts: Parts) -> None:
        self._api = api
        self._parts = parts
        self._page: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        is_page = scope["type"] == "http" and _first(scope["path"]) in ROOTS
        answer = self._made() if is_page else self._api
        await answer(scope, receive, send)

    def _made(self) -> ASGIApp:
        if self._page is None:
            from bridge.page.app import build  # noqa: PLC0415 - see above

            self._page = build(self._parts)
        return self._page


def _first(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]
