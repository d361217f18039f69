# SPDX-License-Identifier: Apache-2.0
"""Messages that were set aside, asked for over the bridge's REST API."""

from collections.abc import Iterator
from urllib.parse import quote

from bridge.client.link import Json, Link
from bridge.client.paging import pages


class Quarantine:
    """What could not be handled, and why."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def find(self, *, limit: int | None = None) -> Iterator[Json]:
        """Yield messages without their bodies, the latest first."""
        return pages(self._link, "quarantine", {}, limit)

    def get(self, message_id: str) -> Json:
        """Return one with all that came with it."""
        return self._link.json("GET", _one(message_id))

    def requeue(self, message_id: str) -> Json:
        """Let it be handled once more."""
        return self._link.json("POST", f"{_one(message_id)}/requeue")

    def drop(self, message_id: str) -> None:
        """Forget one, for good."""
        self._link.send("DELETE", _one(message_id))


def _one(message_id: str) -> str:
    return f"/v1/quarantine/{quote(message_id, safe='')}"
