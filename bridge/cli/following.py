# SPDX-License-Identifier: Apache-2.0
"""Follows a list that grows and changes: what is new in it, again and again."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.cli.asking import is_passing
from bridge.client import ClientError, NoAnswer

PAUSE_SECONDS: Final = 1.0
REMEMBERED: Final = 10_000

Delivery = dict[str, Any]
Ask = Callable[[], Sequence[Delivery]]


@dataclass(slots=True)
class Seen:
    """What was shown already; of the latest ten thousand."""

    _known: dict[str, tuple[str, int]] = field(default_factory=dict)

    def news(self, found: Sequence[Delivery]) -> list[Delivery]:
        """Return what is new or has changed, the oldest first.

        Args:
            found: The latest deliveries, the latest first.
        """
        fresh = []
        for one in reversed(found):
            now = (one["state"], one["attempt_count"])
            if self._known.pop(one["id"], None) != now:
                fresh.append(one)
            self._known[one["id"]] = now
        for forgotten in list(self._known)[: max(0, len(self._known) - REMEMBERED)]:
            del self._known[forgotten]
        return fresh


def follow(ask: Ask, note: Callable[[str], object]) -> Iterator[Delivery]:
    """Yield what is new or has changed, without an end.

    Args:
        ask: Returns the latest deliveries, the latest first.
        note: Told when the bridge does not answer any more, and when it does again.

    Raises:
        NoAnswer: It did not answer the first time.
        ClientError: It could not do so then, or will not.
    """
    seen = Seen()
    yield from seen.news(ask())
    is_away = False
    while True:
        time.sleep(PAUSE_SECONDS)
        try:
            found = ask()
        except (NoAnswer, ClientError) as err:
            if not is_passing(err):
                raise
            if not is_away:
                note(f"{err}; it is asked again until it does")
            is_away = True
            continue
        if is_away:
            note("the bridge answers again")
        is_away = False
        yield from seen.news(found)
