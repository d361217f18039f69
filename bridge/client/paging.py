# SPDX-License-Identifier: Apache-2.0
"""Asks for page after page of a list."""

from collections.abc import Iterator, Mapping
from typing import Final

from bridge.client.link import Json, Link

_PAGE: Final = 100


def pages(
    link: Link, name: str, wanted: Mapping[str, str | bool | None], limit: int | None
) -> Iterator[Json]:
    """Yield what is listed.

    Args:
        link: To the bridge.
        name: Of the list.
        wanted: Filter to value; None is not looked at.
        limit: At most so many; None: all.
    """
    after: str | None = None
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(left, _PAGE)
        params = {**wanted, "limit": size, "after": after}
        page = link.json("GET", f"/v1/{name}", params=params)
        yield from page[name]
        after = page["next"]
        if after is None:
            return
        left = None if left is None else left - size
