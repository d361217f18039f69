# SPDX-License-Identifier: Apache-2.0
"""How many events one listener is sent together, and when; pure.

What waits is cut in the order in which it came to wait::

    │◀─ max_events, or MAX_BATCH_BYTES ─▶│◀─ the same ─▶│◀ fewer ▶│
                                                         └ goes once its first one has
                                                           waited for max_wait
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MAX_EVENTS: Final = 1000
LEAST_WAIT: Final = timedelta(milliseconds=1)
MOST_WAIT: Final = timedelta(minutes=1)

MAX_BATCH_BYTES: Final = 1_000_000
"""Of a batch's events together; many servers take no more than 1 MiB. A single event may
be larger, and goes alone."""

_BESIDE_BYTES: Final = 700
"""So much does an event have beside its body, at most as a rule: its attributes."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A delivery that waits for a batch.

    Attributes:
        id: Its own.
        key: Source and id of its event.
        size: Bytes of the event's body.
        due_at: When it has waited long enough.
        place: Where it stands among others of its batch.
    """

    id: str
    key: tuple[str, str]
    size: int
    due_at: datetime
    place: tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Batching:
    """How a listener's events are put together.

    Attributes:
        max_events: At most so many in a batch.
        max_wait: So long at most one waits for others.
    """

    max_events: int = 100
    max_wait: timedelta = timedelta(milliseconds=50)

    def cut(self, queue: Sequence[Queued], now: datetime) -> Iterator[list[Queued]]:
        """Yield the batches that go now, their members in the order of their places.

        Args:
            queue: What waits, the longest first.
            now: The time.
        """
        batch: list[Queued] = []
        room = MAX_BATCH_BYTES
        for one in queue:
            size = one.size + _BESIDE_BYTES
            if batch and (len(batch) >= self.max_events or size > room):
                yield _in_order(batch)
                batch, room = [], MAX_BATCH_BYTES
            batch.append(one)
            room -= size
        if batch and (len(batch) >= self.max_events or batch[0].due_at <= now):
            yield _in_order(batch)


def _in_order(batch: list[Queued]) -> list[Queued]:
    return sorted(batch, key=lambda one: one.place)
