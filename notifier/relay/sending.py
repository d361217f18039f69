# SPDX-License-Identifier: Apache-2.0
"""Publishes one batch and finds out which rows the bus has, and why not the others.

Executions are dealt out to a few strands, each of which publishes its rows in their
order, some at a time: while one waits for its confirms, another one encodes.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from notifier.errors import (
    InvalidEvent,
    NotifierError,
    PublishError,
    Unreachable,
    Unroutable,
)
from notifier.event import Event
from notifier.publishers.outbox import decode
from notifier.publishers.publisher import Publisher
from notifier.relay.rows import Row

STRANDS: Final = 4
AT_ONCE: Final = 100


@dataclass(slots=True)
class Sent:
    """What is known after an attempt; of rows that are in neither, nothing is.

    Attributes:
        confirmed: Ids of rows that the bus has.
        refused: Id of a row to why the bus will not have it.
        trouble: Why the bus could not be asked about all.
        oldest: When the first of the events happened.
    """

    confirmed: list[int] = field(default_factory=list)
    refused: dict[int, NotifierError] = field(default_factory=dict)
    trouble: Unreachable | None = None
    oldest: datetime | None = None

    def merge(self, other: "Sent") -> None:
        """Take in what another strand knows."""
        self.confirmed += other.confirmed
        self.refused |= other.refused
        self.trouble = self.trouble or other.trouble
        times = [one for one in (self.oldest, other.oldest) if one is not None]
        self.oldest = min(times, default=None)


class Sender:
    """Publishes batches; used by one thread.

    Args:
        publisher: The way to the bus.
        timeout: For confirms; after so long, nothing more of a batch is begun.
    """

    def __init__(self, publisher: Publisher, timeout: timedelta) -> None:
        self._publisher = publisher
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(STRANDS, "relay")

    def send(self, rows: Sequence[Row]) -> Sent:
        """Publish a batch; blocks up to twice the timeout."""
        strands: dict[int, list[Row]] = {}
        for row in rows:
            number = crc32(row.execution_id.encode()) % STRANDS
            strands.setdefault(number, []).append(row)
        first, *others = strands.values()
        running = [self._threads.submit(self._send, strand) for strand in others]
        sent = self._send(first)
        for each in running:
            sent.merge(each.result())
        return sent

    def close(self) -> None:
        """Let go of the threads; may be called twice."""
        self._threads.shutdown()

    def _send(self, rows: Sequence[Row]) -> Sent:
        return _Strand(self._publisher, self._timeout).send(rows)


class _Strand:
    """Publishes some executions' rows of one batch."""

    def __init__(self, publisher: Publisher, timeout: timedelta) -> None:
        self._publisher = publisher
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout.total_seconds()
        self._sent = Sent()
        # What stands behind a refused row of its execution waits for it.
        self._held: set[str] = set()

    def send(self, rows: Sequence[Row]) -> Sent:
        for start in range(0, len(rows), AT_ONCE):
            if self._is_over():
                break
            some = rows[start : start + AT_ONCE]
            events = dict(self._decoded(some))
            self._publish_each(self._publish_all(events))
        return self._sent

    def _is_over(self) -> bool:
        return self._sent.trouble is not None or time.monotonic() > self._deadline

    def _decoded(self, rows: Sequence[Row]) -> Iterator[tuple[int, Event]]:
        for row in rows:
            if row.execution_id in self._held:
                continue
            try:
                event = decode(row.event)
            except InvalidEvent as err:
                self._sent.refused[row.id] = err
                continue
            if self._sent.oldest is None or event.time < self._sent.oldest:
                self._sent.oldest = event.time
            yield row.id, event

    def _publish_all(self, events: Mapping[int, Event]) -> Mapping[int, Event]:
        """Publish in one go; return those of which nobody knows what is wrong."""
        try:
            self._publisher.publish(list(events.values()), timeout=self._timeout)
        except InvalidEvent:
            return events
        except PublishError as err:
            failed = {n: one for n, one in events.items() if one.id in err.event_ids}
            self._sent.confirmed += [n for n in events if n not in failed]
            match err:
                case Unreachable():
                    self._sent.trouble = err
                case Unroutable():
                    for row, event in failed.items():
                        self._refuse(row, event, err)
                case _:
                    return failed  # the fault may be that of one among them
            return {}
        self._sent.confirmed += events
        return {}

    def _publish_each(self, events: Mapping[int, Event]) -> None:
        for row, event in events.items():
            if event.execution_id in self._held:
                continue
            if self._is_over():
                return
            try:
                self._publisher.publish([event], timeout=self._timeout)
            except Unreachable as err:
                self._sent.trouble = err
            except (InvalidEvent, PublishError) as err:
                self._refuse(row, event, err)
            else:
                self._sent.confirmed.append(row)

    def _refuse(self, row: int, event: Event, fault: NotifierError) -> None:
        self._sent.refused[row] = fault
        self._held.add(event.execution_id)
