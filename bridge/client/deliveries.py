# SPDX-License-Identifier: Apache-2.0
"""Deliveries, asked for over the bridge's REST API."""

from collections.abc import Iterator
from urllib.parse import quote

from bridge.client.link import Json, Link
from bridge.client.paging import pages


class Deliveries:
    """Who was told, when, and what they answered."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def find(self, *, limit: int | None = None, **wanted: str | None) -> Iterator[Json]:
        """Yield deliveries, the latest first; asks for page after page.

        Args:
            limit: At most so many; None: all.
            **wanted: ``project``, ``listener``, ``event``, ``execution``, ``batch``,
                ``state``;
                None is not looked at.
        """
        return pages(self._link, "deliveries", wanted, limit)

    def get(self, delivery_id: str) -> Json:
        """Return one delivery with its attempts."""
        return self._link.json("GET", _delivery(delivery_id))

    def retry(self, delivery_id: str) -> Json:
        """Let it be tried again now, and return it as it stands."""
        return self._link.json("POST", f"{_delivery(delivery_id)}/retry")


def _delivery(delivery_id: str) -> str:
    return f"/v1/deliveries/{quote(delivery_id, safe='')}"
