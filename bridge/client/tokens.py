# SPDX-License-Identifier: Apache-2.0
"""Tokens, asked for over the bridge's REST API."""

from collections.abc import Iterator
from urllib.parse import quote

from bridge.client.link import Json, Link
from bridge.client.paging import pages


class Tokens:
    """What lets others in."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(self, token: Json) -> Json:
        """Make a token for others; the answer alone holds its text, as ``token``."""
        return self._link.json("POST", "/v1/tokens", json=token)

    def find(
        self, *, limit: int | None = None, project: str | None = None
    ) -> Iterator[Json]:
        """Yield tokens without their texts, the oldest first."""
        return pages(self._link, "tokens", {"project": project}, limit)

    def revoke(self, token_id: str) -> None:
        """Let a token open nothing any more, within five seconds."""
        self._link.send("DELETE", f"/v1/tokens/{quote(token_id, safe='')}")
