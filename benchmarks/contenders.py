# SPDX-License-Identifier: Apache-2.0
"""Who takes part: this project's bridge in some configurations, and the peers.

All read a durable classic queue, and post the same events to the same receiver.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from benchmarks.environment import ENVIRONMENT, NODE_MODULES, PYTHON, ROOT
from benchmarks.messages import WORKBOOK, Bus, Form
from tests.bridges import BridgeProcess

PEERS_QUEUE: Final = "benchmark"
BRIDGE_QUEUE: Final = "bridge"

_END_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contender works.

    Attributes:
        home: A folder of its own.
        amqp_url: Of the broker.
        bus: A connection to it.
        database_url: Of an empty database on PostgreSQL.
        hook: Where webhooks go.
    """

    home: Path
    amqp_url: str
    bus: Bus
    database_url: str
    hook: str


class Worker(Protocol):
    """A contender at work in one place."""

    queue: str

    def prepare(self) -> None:
        """Let the queue and the listener be there, and nothing be done yet."""

    def start(self) -> None:
        """Begin to carry events; does not wait for the first."""

    def stop(self) -> None:
        """End it, if it runs; what is answered by then is acked."""

    @property
    def pid(self) -> int:
        """Of the process at the top."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table.

    Attributes:
        name: As the table tells it.
        worker: Makes it ready for a place.
        packages: Whose versions are told; all of them have to be installed.
        form: Of the events in its queue.
        share: Of the backlog, for a round of each to take about as long.
        is_ours: It is this project's.
    """

    name: str
    worker: Callable[[Place], Worker]
    packages: Sequence[str] = ()
    form: Form = "event"
    share: float = 1.0
    is_ours: bool = False


def settings_of(client: str, database_url: str | None) -> dict[str, str]:
    """Return what a measured bridge is told in its environment; all else is default.

    Args:
        client: Of webhooks.
        database_url: None: a file of SQLite.
    """
    settings = {"OS_CALLBACKS__CLIENT": client, "OS_BUS__QUEUE_TYPE": "classic"}
    if database_url is not None:
        settings["DATABASE_URL"] = database_url
    return settings


class BridgeWorker:
    """This project's bridge: PostgreSQL or SQLite, signatures, everything on.

    Args:
        place: Where.
        client: Of webhooks, as ``[callbacks] client`` has it.
        has_server: PostgreSQL; else a file of SQLite.
    """

    queue = BRIDGE_QUEUE

    def __init__(self, place: Place, *, client: str, has_server: bool) -> None:
        self._place = place
        settings = settings_of(client, place.database_url if has_server else None)
        self._bridge = BridgeProcess(place.home, place.amqp_url, **settings)
        self._is_launched = self._is_held = False

    def prepare(self) -> None:
        """Start it as an operator would, and hold it with its listener registered."""
        self._bridge.launch()
        self._is_launched = True
        self._bridge.wait_until_ready()
        self._bridge.add_listener(self._place.hook, workbook=WORKBOOK)
        os.kill(self.pid, signal.SIGSTOP)
        self._is_held = True

    def start(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)
        self._is_held = False

    def stop(self) -> None:
        """End it as systemd would."""
        if not self._is_launched:
            return
        self._is_launched = False
        if self._is_held:
            self.start()
        self._bridge.terminate()
        try:
            self._bridge.end()
        finally:
            self._bridge.kill()

    @property
    def pid(self) -> int:
        """Of the bridge."""
        return int(self._bridge.pid)


@dataclass(slots=True)
class PeerWorker:
    """A program of `benchmarks.peers`.

    Attributes:
        command: Runs in the root of the checkout.
        form: Of the events in its queue.
        environment: Beside what every peer gets.
    """

    place: Place
    command: Sequence[str | Path]
    form: Form = "event"
    environment: Mapping[str, str] = field(default_factory=dict)
    queue: str = PEERS_QUEUE
    _process: "subprocess.Popen[bytes] | None" = None

    def prepare(self) -> None:
        """Make its queue anew."""
        self.place.bus.declare(self.queue, self.form)

    def start(self) -> None:
        """Start the program, at the head of a process group."""
        environment = {
            **os.environ,
            **self.environment,
            "BENCHMARK_AMQP_URL": f"{self.place.amqp_url}%2f",
            "BENCHMARK_QUEUE": self.queue,
            "BENCHMARK_HOOK": self.place.hook,
            "NODE_PATH": str(NODE_MODULES),
            "PYTHONPATH": str(ROOT),
        }
        with (self.place.home / "peer.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to end, then see to it."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def pid(self) -> int:
        """Of the program."""
        if self._process is None:
            raise RuntimeError("it was never started")
        return self._process.pid


def _bridge(
    name: str, client: str, *, has_server: bool = True, share: float = 1.0
) -> Contender:
    def worker(place: Place) -> Worker:
        return BridgeWorker(place, client=client, has_server=has_server)

    return Contender(name, worker, share=share, is_ours=True)


def _peer(
    name: str,
    packages: Sequence[str],
    *command: str,
    form: Form = "event",
    share: float = 1.0,
    **environment: str,
) -> Contender:
    program, *rest = command
    # the name of a module of ours, or a program
    start = (PYTHON, "-m", program) if program.startswith("benchmarks.") else (program,)

    def worker(place: Place) -> Worker:
        return PeerWorker(place, (*start, *rest), form, environment)

    return Contender(name, worker, packages, form, share)


def _program(name: str) -> str:
    return str(ENVIRONMENT / "bin" / name)


CONTENDERS: Final = (
    _bridge("bridge, client = loop, PostgreSQL", "loop", share=0.25),
    _bridge("bridge, client = loop, SQLite", "loop", has_server=False, share=0.25),
    _bridge("bridge, client = threads, PostgreSQL", "threads", share=0.1),
    _peer(
        "kombu + requests",
        ("kombu", "requests"),
        "benchmarks.peers.kombu_requests",
        share=0.1,
    ),
    _peer(
        "celery, 2 processes",
        ("celery", "requests"),
        *(_program("celery"), "-A", "benchmarks.peers.celery_tasks", "worker"),
        *("-P", "prefork", "-c", "2", "-O", "fair", "-l", "ERROR"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        form="celery",
        share=0.1,
    ),
    _peer(
        "dramatiq, 2 processes of 16 threads",
        ("dramatiq", "requests"),
        *(_program("dramatiq"), "benchmarks.peers.dramatiq_actors"),
        *("-p", "2", "-t", "16", "--queues", PEERS_QUEUE),
        form="dramatiq",
        share=0.15,
        dramatiq_queue_prefetch="64",
    ),
    _peer(
        "FastStream + aiohttp",
        ("faststream", "aiohttp", "uvloop"),
        "benchmarks.peers.faststream_aiohttp",
        share=0.15,
    ),
    _peer(
        "aio-pika + aiohttp",
        ("aio-pika", "aiohttp", "uvloop"),
        "benchmarks.peers.aio_pika_aiohttp",
        share=0.3,
    ),
    _peer(
        "Node.js amqplib + undici",
        ("node", "amqplib", "undici"),
        *("node", str(ROOT / "benchmarks" / "peers" / "node.cjs")),
    ),
    _peer("mq-bridge", ("mq-bridge",), "benchmarks.peers.mq_bridge_route"),
)
