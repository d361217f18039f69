# SPDX-License-Identifier: Apache-2.0
"""What publishing costs: ``python -m benchmarks.publishing [full|brief|smoke]``.

One process publishes confirmed events of 1 KB to a broker of its own: from one thread,
from 32, in lists, out of an outbox; beside it kombu, which waits for each confirm. They
take turns; each figure is a median.
"""

import argparse
import threading
import time
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.measuring import Servers
from benchmarks.meters import cpu_seconds
from benchmarks.publishers import WAYS, Way, Work, bus
from tests.servers.postgresql import PostgresCluster
from tests.servers.rabbitmq import RabbitNode

PLANS: Final = {"full": (5, 16_000), "brief": (3, 8000), "smoke": (1, 3200)}
"""Rounds, and events for the quickest."""

_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """What one round of one way has shown: events a second, and µs an event."""

    rate: float
    micros: float
    broker: float
    database: float


def main() -> None:
    """Measure each way, in turn, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publishing")
    parser.add_argument("plan", choices=PLANS, nargs="?", default="full")
    parser.add_argument("--only", action="append", help="part of a name, as it is told")
    given = parser.parse_args()
    rounds, count = PLANS[given.plan]
    ways = [
        way
        for way in WAYS
        if not given.only or any(part in way.name for part in given.only)
    ]
    runs: dict[str, list[Run]] = {way.name: [] for way in ways}
    with RabbitNode(plugins=()) as rabbit, PostgresCluster() as postgres:
        servers = Servers(rabbit, postgres)
        for _ in range(rounds):
            for way in ways:
                runs[way.name].append(measured(way, servers, int(way.share * count)))
    print(table(runs))


def measured(way: Way, servers: Servers, count: int) -> Run:
    """Let a way publish so many events."""
    pids = (servers.rabbit.pid, servers.postgres.pid)
    with bus(servers), way.ready(servers, count) as work:
        before = [cpu_seconds(pid) for pid in pids]
        began, used = time.perf_counter(), time.process_time()
        _carry_out(work)
        seconds, micros = time.perf_counter() - began, time.process_time() - used
        others = [cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
    rabbit, postgres = (one / count * _MICRO for one in others)
    return Run(count / seconds, micros / count * _MICRO, rabbit, postgres)


def table(runs: dict[str, list[Run]]) -> str:
    """Return the medians, and how many times the first way's rate each has."""
    lines = [
        "| way | events/s | times the first | CPU µs | broker µs | database µs | rounds |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    base = median(run.rate for run in next(iter(runs.values())))
    for name, some in runs.items():
        rate = median(run.rate for run in some)
        cells = [f"{rate:,.0f}", f"{rate / base:.2f}"]
        cells += [
            f"{median(each):.0f}"
            for each in zip(
                *((r.micros, r.broker, r.database) for r in some), strict=True
            )
        ]
        lines.append(f"| {name} | {' | '.join(cells)} | {len(some)} |")
    return "\n".join(lines)


def _carry_out(work: Work) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
