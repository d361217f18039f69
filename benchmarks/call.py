# SPDX-License-Identifier: Apache-2.0
"""What it costs an engine to wait for a verdict: `call` beside `notify`, on loopback.

``python -m benchmarks.call`` takes about a minute; the machine should be idle. The
bridge is a process of its own, on SQLite; one listener answers at once. RabbitMQ is
the one that ``AMQP_URL`` names, else a private node with a quorum queue.
"""

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bridge.client import BridgeClient
from notifier.connection import connect
from notifier.notifier import Notifier
from tests.bridges import BridgeProcess
from tests.servers.rabbitmq import RabbitNode
from tests.tally import Tally

COUNT: Final = 1000

_WARM_UP: Final = 200
_ROW: Final = "{:<28}{:>8}{:>8}{:>8}{:>8}{:>16}"


def main() -> None:
    """Measure, and print one row for each way to the bridge."""
    print(_ROW.format("ms", "notify", "p99", "call", "p99", "nobody to ask"))
    with ExitStack() as stack:
        url = os.environ.get("AMQP_URL")
        if not url:
            url = stack.enter_context(RabbitNode(plugins=())).url
        measure("RabbitMQ", url, None)
        measure("HTTP, bridge on RabbitMQ", None, url)
    measure("HTTP, bridge without broker", None, None)


def measure(title: str, url: str | None, bus: str | None) -> None:
    """Print the row of one way.

    Args:
        title: Of the row.
        url: Of the broker that the engine publishes to; None: it asks the bridge.
        bus: Of the bridge's broker, where the engine does not use it.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tally = stack.enter_context(Tally())
        bridge = stack.enter_context(BridgeProcess(home, url or bus))
        with BridgeClient(bridge.url) as client:
            callback = {"url": tally.url, "mode": "call"}
            client.listeners.add(
                {"workbook": "gated", "events": ["TASK"], "callback": callback}
            )
        notifier = stack.enter_context(connect(url or bridge.url, on_error="raise"))
        told = timed(lambda n: notify(notifier, n))
        called = timed(lambda n: call(notifier, n, "gated"))
        unasked = timed(lambda n: call(notifier, n, "free"))
        figures = (*told, *called, unasked[0])
        print(_ROW.format(title, *(f"{one:.2f}" for one in figures)))


def timed(tell: Callable[[int], None]) -> tuple[float, float]:
    """Return median and 99th percentile of one after the other, in milliseconds."""
    durations = []
    for number in range(_WARM_UP + COUNT):
        started = time.perf_counter()
        tell(number)
        durations.append(time.perf_counter() - started)
    ordered = sorted(durations[_WARM_UP:])
    return ordered[COUNT // 2] * 1000, ordered[COUNT * 99 // 100] * 1000


def notify(notifier: Notifier, number: int) -> None:
    """Tell an event that the listener hears."""
    notifier.task_started("charge", execution=f"e{number}", workbook="gated")


def call(notifier: Notifier, number: int, workbook: str) -> None:
    """Wait for the verdict on one."""
    event = notifier.event(
        "task.started", execution=f"e{number}", task="charge", workbook=workbook
    )
    if not notifier.call(event).is_accepted:
        raise RuntimeError("the listener accepts all")


if __name__ == "__main__":
    main()
