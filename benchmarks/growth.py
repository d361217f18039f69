# SPDX-License-Identifier: Apache-2.0
"""What grows with the number of listeners, and with the size of a body.

``python -m benchmarks.growth`` takes about half a minute; the machine should be idle.
Times are of the processor, so that other work says less.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from bridge.model import CallbackSpec, Listener, ListenerId
from bridge.routing.index import Index
from notifier.event import Event
from notifier.publishers.frames import encode
from notifier.publishers.outgoing import Outgoing

LISTENERS: Final = (1, 10, 100, 1000, 10_000, 100_000)
BODIES: Final = (1024, 10 * 1024, 100 * 1024, 1000 * 1024)

_ROUNDS: Final = 5
_MICRO: Final = 1_000_000
_NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
_CALLBACK: Final = CallbackSpec("http", url="http://127.0.0.1:9000/hook")


def main() -> None:
    """Measure both curves and print them as tables."""
    print("| listeners | index built, s | look-up, µs | change, µs |")
    print("| ---: | ---: | ---: | ---: |")
    for count in LISTENERS:
        print(f"| {count:,} | {_listeners(count)} |", flush=True)
    print("\n| body, KB | written for the bus, µs | a KB, µs |")
    print("| ---: | ---: | ---: |")
    for size in BODIES:
        event = _event("one", "x" * size)
        micros = _micros(lambda event=event: encode(Outgoing.of(event, "x")), 200)
        print(f"| {size // 1024:,} | {micros:.0f} | {micros / size * 1024:.1f} |")


def _listeners(count: int) -> str:
    """Return how an index of so many behaves; one of them matches an event."""
    listeners = [_listener(number) for number in range(count)]
    index = Index()
    began = time.process_time()
    for listener in listeners:
        index.put(listener)
    built = time.process_time() - began
    event = _event(f"workflow-{count // 2}", "")
    found = index.match(event)
    if len(found) != 1:
        raise AssertionError(f"{len(found)} listeners match instead of one")
    look_up = _micros(lambda: index.match(event), 5000)
    change = _micros(lambda: index.put(listeners[count // 2]), 5000)
    return f"{built:.3f} | {look_up:.1f} | {change:.1f}"


def _micros(work: Callable[[], object], times: int) -> float:
    """Return the least of several rounds, in microseconds."""
    least = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(times):
            work()
        least = min(least, time.process_time() - began)
    return least / times * _MICRO


def _listener(number: int) -> Listener:
    return Listener(
        id=ListenerId(f"l{number}"),
        project="default",
        name=None,
        events=("on-task-error",),
        callback=_CALLBACK,
        secret="",
        created_at=_NOW,
        updated_at=_NOW,
        workflow=f"workflow-{number}",
    )


def _event(workflow: str, text: str) -> Event:
    return Event.new(
        "task.failed",
        execution="e1",
        task="charge",
        workbook="orders",
        workflow=workflow,
        payload={"text": text},
    )


if __name__ == "__main__":
    main()
