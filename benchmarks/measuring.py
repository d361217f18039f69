# SPDX-License-Identifier: Apache-2.0
"""One round of one contender: a backlog drained, or events at a steady rate."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.contenders import Contender, Place, Worker
from benchmarks.messages import Bus, Sendable, made
from benchmarks.meters import cpu_seconds, peak_megabytes
from benchmarks.receiver import Receiver
from benchmarks.rounds import Arrivals, Delays, Drain
from tests.servers.nginx import NginxReceiver
from tests.servers.postgresql import PostgresCluster
from tests.servers.rabbitmq import RabbitNode

_PATIENCE_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.01
_SETTLE_SECONDS: Final = 0.4  # for what comes twice, and for the receiver's log
_STARTED: Final = 0.1  # of a backlog; by then, start-up is over
_WARM_UP: Final = 100
_WARM_RATE: Final = 200


@dataclass(frozen=True, slots=True)
class Servers:
    """What all contenders share, one after the other."""

    rabbit: RabbitNode
    postgres: PostgresCluster


def drain(
    contender: Contender,
    servers: Servers,
    receiver: NginxReceiver | Receiver,
    backlog: int,
) -> Drain:
    """Let a contender drain a backlog.

    Raises:
        TimeoutError: It does not come to an end.
    """
    with _at_work(contender, servers, receiver.url) as (worker, place):
        count = max(int(backlog * contender.share), 1)
        events = made(count, contender.form, worker.queue)
        earlier, seen = len(receiver.events()), receiver.count()
        worker.prepare()
        place.bus.fill(worker.queue, events)
        worker.start()
        parts = (worker.pid, servers.rabbit.pid, servers.postgres.pid)
        _wait(lambda: receiver.count() - seen >= count * _STARTED, place)
        began, first = time.perf_counter(), receiver.count()
        before = [cpu_seconds(pid) for pid in parts]
        _wait(lambda: receiver.count() - seen >= count, place)
        last, seconds = receiver.count(), time.perf_counter() - began
        used = [cpu_seconds(pid) - was for pid, was in zip(parts, before, strict=True)]
        time.sleep(_SETTLE_SECONDS)
        memory = peak_megabytes(worker.pid)
        worker.stop()
        left = place.bus.left(worker.queue)
        came = Counter(receiver.events()[earlier:])
    arrivals = Arrivals(frozenset(one.id for one in events), came)
    return Drain(arrivals, left, last - first, seconds, *used, memory)


def delays(
    contender: Contender, servers: Servers, rates: Sequence[int], seconds: float
) -> list[Delays]:
    """Give a contender events at steady rates, one rate after the other."""
    with (
        Receiver() as receiver,
        _at_work(contender, servers, receiver.url) as (worker, place),
    ):
        counts = [_WARM_UP, *(int(rate * seconds) for rate in rates)]
        events = made(sum(counts), contender.form, worker.queue)
        worker.prepare()
        worker.start()
        phases = []
        for rate, count in zip((_WARM_RATE, *rates), counts, strict=True):
            phase, events = events[:count], events[count:]
            _carry(place, receiver, phase, rate)
            phases.append((rate, phase))
        time.sleep(_SETTLE_SECONDS)
        came = receiver.delays()
    return [_delays_of(rate, phase, came) for rate, phase in phases[1:]]


def _carry(
    place: Place, receiver: Receiver, phase: Sequence[Sendable], rate: int
) -> None:
    before = receiver.count()
    place.bus.pace(phase, rate)
    _wait(lambda: receiver.count() - before >= len(phase), place)


def _delays_of(
    rate: int, phase: Sequence[Sendable], came: Sequence[tuple[str, float]]
) -> Delays:
    sent = frozenset(one.id for one in phase)
    mine = [(event_id, delay) for event_id, delay in came if event_id in sent]
    arrivals = Arrivals(sent, Counter(event_id for event_id, _ in mine))
    return Delays(rate, arrivals, [delay for _, delay in mine])


@contextmanager
def _at_work(
    contender: Contender, servers: Servers, hook: str
) -> Iterator[tuple[Worker, Place]]:
    """Give a contender an empty database, a folder and a queue, and take all away."""
    bus = Bus(servers.rabbit.port)
    name = f"round{time.monotonic_ns()}"
    with tempfile.TemporaryDirectory(prefix="workflow-notifier-benchmark-") as home:
        url = servers.postgres.database(name)
        place = Place(Path(home), servers.rabbit.url, bus, url, hook)
        worker = contender.worker(place)
        try:
            yield worker, place
        finally:
            worker.stop()
            bus.delete(worker.queue)
            bus.close()
            servers.postgres.drop_database(name)


def _wait(is_so: Callable[[], bool], place: Place) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            logs = sorted(place.home.glob("*.log"))
            said = "".join(one.read_text(errors="replace")[-2000:] for one in logs)
            raise TimeoutError(f"not done in {_PATIENCE_SECONDS:g} s: {said}")
        time.sleep(_LOOK_SECONDS)
