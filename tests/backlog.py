# SPDX-License-Identifier: Apache-2.0
"""An endpoint that is away while thousands wait for it, and comes back."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bridges import BridgeProcess
from tests.load import an_event
from tests.soak.engine import Engine
from tests.tally import Tally

FAST = 5000
SHARE = 5
"""One in so many waits when the memory is looked at first."""

EVENTS = "notifier_bridge_events_total"
OPEN_EVENTS = "notifier_bridge_open_events"
OPEN_BREAKERS = "notifier_bridge_open_breakers"


@dataclass(frozen=True)
class Figures:
    """What was seen.

    Attributes:
        before: MiB of the bridge's memory, with a few waiting.
        full: The same with all of them.
        attempts: That were made while the endpoint was away.
        returned: Seconds until all were told, once it was back.
        told_twice: Calls beyond one for each event.
    """

    before: float
    full: float
    attempts: int
    returned: float
    told_twice: int


def outage(home, amqp_url, count, seconds, **settings):
    """Let events wait for an endpoint that answers 503, then tell it of all of them.

    Args:
        home: Of the bridge.
        amqp_url: Of the bus.
        count: So many events.
        seconds: So long they may take to be told in the end.
        **settings: Of the bridge, by their names in the environment.
    """
    is_away = True
    with (
        Tally(lambda: is_away) as tally,
        BridgeProcess(home, amqp_url, OS_LOG__LEVEL="WARNING", **settings) as bridge,
    ):
        retry = {"delays_seconds": [1] * 20, "jitter": 0}
        bridge.add_listener(tally.url, project="acme", retry=retry)
        few = count // SHARE
        _publish(amqp_url, range(few))
        _wait_until_taken(bridge, few, seconds)
        before = _mebibytes(bridge.pid)
        _publish(amqp_url, range(few, count))
        _wait_until_taken(bridge, count, seconds)
        full = _mebibytes(bridge.pid)
        assert bridge.metric(OPEN_BREAKERS) == 1
        attempts = int(bridge.metric("notifier_bridge_attempts_total"))

        is_away = False
        began = time.monotonic()
        tally.wait_for(map(str, range(count)), seconds)
        return Figures(before, full, attempts, time.monotonic() - began, tally.repeated)


def _publish(amqp_url, numbers):
    with Engine(amqp_url, map(an_event, numbers), FAST) as engine:
        engine.wait()


def _wait_until_taken(bridge, count, seconds):
    bridge.wait_until(lambda: bridge.metric(EVENTS) >= count, seconds)
    bridge.wait_until(lambda: bridge.metric(OPEN_EVENTS) == 0, seconds)


def _mebibytes(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024
