# SPDX-License-Identifier: Apache-2.0
"""Why events did or did not reach listeners, asked for over the bridge's REST API."""

from collections.abc import Iterator

from bridge.client.link import Json, Link
from bridge.client.paging import pages


class Explanations:
    """What decides who is told."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def find(
        self, event: str, *, listener: str | None = None, limit: int | None = None
    ) -> Iterator[Json]:
        """Yield an explanation for each listener, criterion by criterion.

        Args:
            event: Its id.
            listener: Its id; None: every one of the event's project.
            limit: At most so many; None: all.
        """
        wanted = {"event": event, "listener": listener}
        return pages(self._link, "explanations", wanted, limit)
