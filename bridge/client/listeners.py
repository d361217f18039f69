# SPDX-License-Identifier: Apache-2.0
"""Listeners, asked for over the bridge's REST API."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from bridge.client.link import Json, Link, if_match
from bridge.client.paging import pages

# Longer than the longest time that a callback may take.
_TEST_TIMEOUT_SECONDS: Final = 90.0


class Listeners:
    """Who is told of what."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(self, listener: Json) -> Json:
        """Register a listener; the answer alone holds its ``secret``."""
        return self._link.json("POST", "/v1/listeners", json=listener)

    def find(
        self, *, limit: int | None = None, **wanted: str | bool | None
    ) -> Iterator[Json]:
        """Yield listeners, the oldest first; asks for page after page.

        Args:
            limit: At most so many; None: all.
            **wanted: ``project``, ``name``, ``workbook``, ``execution_id``,
                ``enabled``; None is not looked at.
        """
        return pages(self._link, "listeners", wanted, limit)

    def get(self, listener_id: str) -> Json:
        """Return one listener."""
        return self._link.json("GET", _listener(listener_id))

    def replace(
        self, listener_id: str, listener: Json, *, revision: int | None = None
    ) -> Json:
        """Replace a listener.

        Args:
            listener_id: Which.
            listener: As it shall be.
            revision: Refuse (412) if it has another by now; None: replace whatever.
        """
        path = _listener(listener_id)
        return self._link.json("PUT", path, json=listener, headers=if_match(revision))

    def patch(
        self, listener_id: str, patch: Json, *, revision: int | None = None
    ) -> Json:
        """Change a listener by a merge patch: what is None goes to its default.

        Args:
            listener_id: Which.
            patch: The members to change.
            revision: Refuse (412) if it has another by now; None: change whatever.
        """
        path = _listener(listener_id)
        return self._link.json("PATCH", path, json=patch, headers=if_match(revision))

    def remove(self, listener_id: str) -> None:
        """Remove a listener; what waits for it ends as cancelled."""
        self._link.send("DELETE", _listener(listener_id))

    def rotate(self, listener_id: str, *, overlap_seconds: float | None = None) -> Json:
        """Give it new signing secrets; the answer alone holds its ``secret``.

        Args:
            listener_id: Which.
            overlap_seconds: For so long the old ones sign along, at most 30 days.
                None: a day.
        """
        wanted = {} if overlap_seconds is None else {"overlap_seconds": overlap_seconds}
        path = f"{_listener(listener_id)}/secret"
        return self._link.json("POST", path, json=wanted)

    def test(self, listener_id: str) -> Json:
        """Send it a ping event and return the outcome."""
        path = f"{_listener(listener_id)}/test"
        return self._link.json("POST", path, timeout=_TEST_TIMEOUT_SECONDS)


def _listener(listener_id: str) -> str:
    return f"/v1/listeners/{quote(listener_id, safe='')}"
