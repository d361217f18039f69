# SPDX-License-Identifier: Apache-2.0
"""What a replay costs those who hear what happens now: their delays beside it.

``python -m benchmarks.history [brief]`` takes four minutes, brief a minute and a half; the
machine should be idle. 100,000 kept events, a bridge on RabbitMQ and PostgreSQL
in a process of its own, two receivers likewise. Rounds alone and beside a replay take
turns, so that whatever else the machine does says little; told are the medians.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.contenders import settings_of
from benchmarks.messages import WORKBOOK, Bus, made
from benchmarks.receiver import Receiver
from bridge.client import BridgeClient
from bridge.model import Envelope
from bridge.store.database import Database
from bridge.store.journal import Entry, Journal
from notifier import wire
from notifier.event import Event
from tests.bridges import BridgeProcess
from tests.servers.postgresql import PostgresCluster
from tests.servers.rabbitmq import RabbitNode

LIVE_RATE: Final = 100
REPLAY_RATE: Final = 200
MOST: Final = 1.1
"""So much of what it is alone may the 99th percentile be beside a replay."""

_DAY: Final = timedelta(days=1)
_CHUNK: Final = 2000
_PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.02
_ROW: Final = "{:<8}{:>10}{:>10}{:>10}{:>12}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    kept: int
    rounds: int
    seconds: int


PLANS: Final = {"full": Plan(100_000, 6, 12), "brief": Plan(20_000, 4, 6)}


@dataclass(frozen=True, slots=True)
class Round:
    """How late live events were, in milliseconds, and what was replayed a second."""

    median: float
    p99: float
    longest: float
    replayed: float

    @property
    def is_beside(self) -> bool:
        """Whether there was a replay."""
        return self.replayed > 0


@dataclass(frozen=True, slots=True)
class Scene:
    """What the rounds have.

    Attributes:
        past: The listener that is told again.
        live: Receiver of what happens now.
    """

    bus: Bus
    client: BridgeClient
    past: str
    live: Receiver


def main() -> int:
    """Measure; return 1 where it is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history")
    parser.add_argument("plan", choices=PLANS, nargs="?", default="full")
    plan = PLANS[parser.parse_args().plan]
    print(_ROW.format("ms", "median", "p99", "longest", "replayed/s"), flush=True)
    with _scene(plan) as scene:
        rounds = _rounds(plan, scene)
    alone, beside = (
        [one for one in rounds if one.is_beside is x] for x in (False, True)
    )
    print("medians")
    for some in (alone, beside):
        print(_told(_middle(some)))
    change = _middle(beside).p99 / _middle(alone).p99
    rate = _middle(beside).replayed
    print(f"p99 beside / alone: {change:.3f}; at most {MOST} is right")
    print(f"replayed a second: {rate:.0f}, of {REPLAY_RATE} allowed")
    return int(change > MOST or not REPLAY_RATE * 0.95 < rate < REPLAY_RATE * 1.05)


def _rounds(plan: Plan, scene: Scene) -> list[Round]:
    numbers = iter(range(0, 10**9, LIVE_RATE * plan.seconds))
    _live(scene, next(numbers), plan.seconds)  # the bridge is cold
    rounds = []
    for number in range(2 * plan.rounds):
        # alone, beside, beside, alone, …
        is_beside = number % 4 in {1, 2}
        with _replaying(scene) if is_beside else nullcontext(lambda: 0.0) as rate:
            delays = _live(scene, next(numbers), plan.seconds)
            rounds.append(Round(*delays, rate()))
        print(_told(rounds[-1]), flush=True)
    return rounds


def _live(scene: Scene, first: int, seconds: int) -> tuple[float, float, float]:
    """Return median, 99th percentile and the longest of so many seconds, in ms."""
    events = made(LIVE_RATE * seconds, "event", "", first=first)
    before = scene.live.count()
    scene.bus.pace(events, LIVE_RATE)
    _wait(lambda: scene.live.count() - before >= len(events))
    delays = sorted(delay for _, delay in scene.live.delays()[before:])
    return delays[len(delays) // 2], delays[len(delays) * 99 // 100], delays[-1]


@contextmanager
def _replaying(scene: Scene) -> Iterator[Callable[[], float]]:
    """Let a replay be on its way inside; gives how many a second it tells."""
    replays = scene.client.replays
    begun = replays.begin(scene.past, rate_per_second=REPLAY_RATE)

    def replayed() -> int:
        return int(replays.get(begun["id"])["replayed"])

    _wait(lambda: replayed() > 0)
    began, before = time.monotonic(), replayed()
    yield lambda: (replayed() - before) / (time.monotonic() - began)
    replays.stop(begun["id"])
    _wait(lambda: replays.get(begun["id"])["state"] == "stopped")


@contextmanager
def _scene(plan: Plan) -> Iterator[Scene]:
    with ExitStack() as stack:
        rabbit = stack.enter_context(RabbitNode(plugins=()))
        url = stack.enter_context(PostgresCluster()).database("history")
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        past, live = stack.enter_context(Receiver()), stack.enter_context(Receiver())
        bridge = stack.enter_context(
            BridgeProcess(home, rabbit.url, **settings_of("loop", url))
        )
        _keep(url, plan.kept)
        client = stack.enter_context(BridgeClient(bridge.url))
        listener = client.listeners.add(
            {"workbook": "past", "events": ["TASK"], "url": past.url}
        )
        client.listeners.add(
            {"workbook": WORKBOOK, "events": ["TASK"], "url": live.url}
        )
        bus = Bus(rabbit.port)
        stack.callback(bus.close)
        yield Scene(bus, client, listener["id"], live)


def _keep(url: str, count: int) -> None:
    """Keep events that came in over a day, of the workbook ``past``."""
    began = datetime.now(UTC) - _DAY
    with Database(url) as database:
        journal = Journal(database, "the past")
        for start in range(0, count, _CHUNK):
            journal.write(
                Entry((_past(number), began + number * _DAY / count))
                for number in range(start, min(start + _CHUNK, count))
            )


def _past(number: int) -> Envelope:
    event = Event.new(
        "task.succeeded",
        event_id=f"past-{number}",
        execution=f"e{number % 1000}",
        task="charge",
        workbook="past",
        payload={"text": "x" * 700},
    )
    return Envelope(event, wire.encode_body(event), wire.routing_key(event))


def _middle(rounds: Sequence[Round]) -> Round:
    return Round(*map(median, zip(*map(_figures, rounds), strict=True)))


def _figures(one: Round) -> tuple[float, ...]:
    return one.median, one.p99, one.longest, one.replayed


def _told(one: Round) -> str:
    name = "beside" if one.is_beside else "alone"
    *delays, rate = _figures(one)
    return _ROW.format(name, *(f"{x:.2f}" for x in delays), f"{rate:.0f}")


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so in {_PATIENCE_SECONDS:g} s")
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
