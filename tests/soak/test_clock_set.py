# SPDX-License-Identifier: Apache-2.0
"""A machine's clock is set by hours: no storm of retries, and nothing stands still."""

from datetime import timedelta

import pytest

from bridge.client import BridgeClient
from notifier.publishers.http import HttpPublisher
from tests.architecture.tree import ROOT
from tests.bridges import BridgeProcess
from tests.ledger import Ledger
from tests.load import an_event

HOURS = 2 * 3600
TIMEOUT = timedelta(seconds=20)
SOON = {"delays_seconds": [0.5] * 20, "jitter": 0}
SHORT_SECONDS = 1  # a lease is 5 s longer
LATE = {"delays_seconds": [HOURS / 2], "jitter": 0}


class Wall:
    """The clock of a machine.

    Attributes:
        file: Tells the process by how much it is off.
    """

    def __init__(self, folder):
        self.file = folder / "clock"
        self.set(0)

    def set(self, off_by):
        new = self.file.with_suffix(".new")
        new.write_text(str(off_by))
        new.replace(self.file)


@pytest.fixture
def wall(tmp_path):
    return Wall(tmp_path)


@pytest.fixture
def soon():
    with Ledger() as ledger:
        yield ledger


@pytest.fixture
def late():
    with Ledger() as ledger:
        yield ledger


@pytest.fixture
def bridge(tmp_path, database_url, wall, soon, late):
    with BridgeProcess(
        tmp_path,
        program="tests.moved_clock",
        DATABASE_URL=database_url,
        CLOCK_OFF_BY=str(wall.file),
        PYTHONPATH=str(ROOT),
    ) as bridge:
        members = {"project": "acme", "timeout_seconds": SHORT_SECONDS}
        bridge.add_listener(soon.url, **members, retry=SOON, name="soon")
        bridge.add_listener(late.url, **members, retry=LATE)
        yield bridge


def publish(bridge, name):
    with HttpPublisher(bridge.url) as publisher:
        publisher.publish([an_event(name)], timeout=TIMEOUT)


def has_told_all(bridge, name):
    """Tell whether nothing waits for a listener."""
    with BridgeClient(bridge.url) as client:
        (listener,) = client.listeners.find(name=name)
        waiting = client.deliveries.find(listener=listener["id"], state="pending")
        return not any(waiting)


def set_while_it_runs(_, wall, off_by):
    wall.set(off_by)


def set_while_it_is_down(bridge, wall, off_by):
    bridge.kill()
    wall.set(off_by)
    bridge.start()


def set_and_start_again(bridge, wall, off_by):
    wall.set(off_by)
    bridge.kill()
    bridge.start()


WAYS = [
    (set_while_it_runs, HOURS),
    (set_while_it_runs, -HOURS),
    (set_while_it_is_down, 0),
    (set_and_start_again, HOURS),
]


def test_a_clock_that_is_set_by_hours_hurries_nothing_and_holds_nothing_up(  # noqa: PLR0917 - fixtures
    bridge, database_url, wall, soon, late, note
):
    for number, (set_clock, off_by) in enumerate(WAYS):
        name = str(number)
        soon.status = late.status = 503
        publish(bridge, name)
        soon.wait_for_calls(name, 2)
        late.wait_for_calls(name, 1)
        known = len(soon.ids[name])

        set_clock(bridge, wall, off_by)

        soon.wait_for_calls(name, known + 2)
        soon.status = 200
        publish(bridge, f"{name}-after")
        soon.wait_for([f"{name}-after"])
        # else more and more would fail each time, and its breaker rest for longer
        bridge.wait_until(lambda: has_told_all(bridge, "soon"))

    early = sum(len(calls) - 1 for calls in late.ids.values())
    kind = "SQLite" if database_url.startswith("sqlite") else "PostgreSQL"
    note({f"clock set by 2 h, {len(WAYS)} times, {kind}: calls too early": early})
    assert early == 0
