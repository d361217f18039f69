# SPDX-License-Identifier: Apache-2.0
"""What publishing costs: ``python -m benchmarks.publishing [events]``.

One process publishes confirmed events to a broker of its own: from one thread, from 32
and in lists of 100.
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from notifier.event import Event
from notifier.notifier import Notifier
from notifier.publishers.amqp import AmqpPublisher
from tests.servers.rabbitmq import RabbitNode

EVENTS: Final = 8000
THREADS: Final = 32
LIST: Final = 100
ROUNDS: Final = 3

_MICRO: Final = 1_000_000
_TEXT: Final = "x" * 500


def main() -> None:
    """Measure each way, in turn, and print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    ways = (
        ("notify, 1 thread", count // 4, partial(_one_by_one, threads=1)),
        (f"notify, {THREADS} threads", count, partial(_one_by_one, threads=THREADS)),
        (f"notify_many, lists of {LIST}", count, _in_lists),
    )
    print("| way | events/s | CPU µs an event |\n| --- | ---: | ---: |")
    with RabbitNode(plugins=()) as node:
        for _ in range(ROUNDS):
            for name, sent, way in ways:
                publisher = AmqpPublisher(node.url, queue_type="classic")
                with Notifier(publisher, on_error="raise") as notifier:
                    notifier.notify(_events("first", 1)[0])
                    rate, micros = _measured(way(notifier, sent), sent)
                print(f"| {name} | {rate:,.0f} | {micros:.0f} |", flush=True)


def _measured(work: Sequence[Callable[[], object]], sent: int) -> tuple[float, float]:
    threads = [threading.Thread(target=one) for one in work]
    began, used = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    return sent / seconds, (time.process_time() - used) / sent * _MICRO


def _one_by_one(
    notifier: Notifier, count: int, *, threads: int
) -> Sequence[Callable[[], object]]:
    def telling(events: Sequence[Event]) -> Callable[[], object]:
        return lambda: [notifier.notify(event) for event in events]

    return [
        telling(_events(f"t{number}", count // threads)) for number in range(threads)
    ]


def _in_lists(notifier: Notifier, count: int) -> Sequence[Callable[[], object]]:
    lists = [_events(f"l{number}", LIST) for number in range(count // LIST)]
    return [lambda: [notifier.notify_many(events) for events in lists]]


def _events(name: str, count: int) -> Sequence[Event]:
    return [
        Event.new(
            "task.succeeded",
            source="/benchmark",
            execution=f"{name}-{number}",
            task="charge",
            workbook="orders",
            workflow="fulfil",
            payload={"text": _TEXT},
        )
        for number in range(count)
    ]


if __name__ == "__main__":
    main()
