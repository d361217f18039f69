# SPDX-License-Identifier: Apache-2.0
"""Events from lines of JSON, published in the batches in which the lines come.

Nothing is lost in silence: each line that is no event, or whose event the bus did not
confirm, is told by its number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from notifier.cli.watcher import Watcher
from notifier.errors import InvalidEvent, PublishError, Unreachable
from notifier.event import Event
from notifier.notifier import Notifier
from notifier.wire import from_json
from notifier.wire.body import decode_json

CHUNK_BYTES: Final = 64 * 1024


@dataclass(slots=True)
class Tally:
    """What became of the lines."""

    published: int = 0
    failed: int = 0


def publish_lines(
    stream: BinaryIO, notifier: Notifier, *, source: str, watcher: Watcher
) -> Tally:
    """Publish each line's event; a line that fails does not keep the next ones back.

    Args:
        stream: Lines of JSON; blank ones are skipped.
        notifier: One that raises.
        source: Of events that name none.
        watcher: Hears of every line that fails, by its number from 1 on.

    Raises:
        Unreachable: The bus does not answer; the watcher was told from which line on
            nothing is known to be published.
    """
    tally = Tally()
    for batch in _batches(stream):
        events = {}
        for number, line in batch.items():
            try:
                events[number] = _event(line, source)
            except InvalidEvent as err:
                watcher.tell(f"line {number}: {err}")
        confirmed = _publish(events, notifier, watcher)
        tally.published += confirmed
        tally.failed += len(batch) - confirmed
        watcher.step(size=sum(map(len, batch.values())), published=confirmed)
    return tally


def _batches(stream: BinaryIO) -> Iterator[Mapping[int, bytes]]:
    """Yield what has come so far, so that a slow source is published as it flows."""
    number, rest = 0, b""
    read = getattr(stream, "read1", stream.read)
    while chunk := read(CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        yield {n: line for n, line in enumerate(lines, number + 1) if line.strip()}
        number += len(lines)
    if rest.strip():
        yield {number + 1: rest}


def _event(line: bytes, source: str) -> Event:
    value = decode_json(line)
    if isinstance(value, dict):
        value.setdefault("source", source)
    return from_json(value)


def _publish(events: Mapping[int, Event], notifier: Notifier, watcher: Watcher) -> int:
    """Publish a batch, and return how many events were confirmed."""
    try:
        notifier.notify_many(events.values())
    except Unreachable:
        first = next(iter(events))
        watcher.tell(f"line {first}: not confirmed; go on from this line")
        raise
    except (InvalidEvent, PublishError) as err:
        ids = err.event_ids if isinstance(err, PublishError) else ()
        failed = {n: one for n, one in events.items() if one.id in ids} or events
        confirmed = len(events) - len(failed)
        if len(failed) == 1:
            watcher.tell(f"line {next(iter(failed))}: {err}")
            return confirmed
        # Perhaps only one of them is refused, and the bus took none for its sake.
        return confirmed + sum(
            _publish({number: event}, notifier, watcher)
            for number, event in failed.items()
        )
    return len(events)
