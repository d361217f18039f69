# SPDX-License-Identifier: Apache-2.0
"""The listeners that somebody may choose from, by their names; blocking."""

from collections.abc import Sequence
from typing import Final

from bridge.store.listeners import ListenerStore

MOST: Final = 200
"""Nobody looks through a longer list; one that is not in it is found by its own page."""


def listener_choice(
    store: ListenerStore, project: str | None
) -> Sequence[tuple[str, str]]:
    """Return ids and names of what listeners there are, the oldest first."""
    found = store.find(limit=MOST, project=project)
    return [(one.id, one.name or one.id) for one in found]
