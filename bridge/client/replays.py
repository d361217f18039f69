# SPDX-License-Identifier: Apache-2.0
"""Replays, asked for over the bridge's REST API."""

from collections.abc import Iterator
from urllib.parse import quote

from bridge.client.link import Json, Link
from bridge.client.paging import pages


class Replays:
    """Past events sent to listeners again."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def begin(self, listener_id: str, **wanted: object) -> Json:
        """Send past events to a listener again, as far as it hears them.

        Args:
            listener_id: Which.
            **wanted: ``since``, ``until``, ``execution``, ``types``, ``state``,
                ``rate_per_second``; None is not looked at.
        """
        path = f"/v1/listeners/{quote(listener_id, safe='')}/replay"
        body = {name: value for name, value in wanted.items() if value is not None}
        return self._link.json("POST", path, json=body)

    def find(self, *, limit: int | None = None, **wanted: str | None) -> Iterator[Json]:
        """Yield replays, the latest first; asks for page after page.

        Args:
            limit: At most so many; None: all.
            **wanted: ``project``, ``listener``, ``state``; None is not looked at.
        """
        return pages(self._link, "replays", wanted, limit)

    def get(self, replay_id: str) -> Json:
        """Return one, and how far it is."""
        return self._link.json("GET", _replay(replay_id))

    def stop(self, replay_id: str) -> Json:
        """Let one tell nothing more, and return it as it stands."""
        return self._link.json("POST", f"{_replay(replay_id)}/stop")


def _replay(replay_id: str) -> str:
    return f"/v1/replays/{quote(replay_id, safe='')}"
