# SPDX-License-Identifier: Apache-2.0
"""Everything is killed again and again under load, and nothing confirmed is lost."""

import time
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest

from tests import figures
from tests.bridges import BridgeProcess
from tests.load import an_event
from tests.served import KEY
from tests.servers.postgresql import PostgresCluster
from tests.servers.rabbitmq import RabbitNode
from tests.soak.engine import Engine
from tests.soak.havoc import Recurring, Supervisor
from tests.tally import Tally

BRIDGE_KILLED_EVERY = (3, 8)
STARTED_SECONDS = 3  # what a busy machine needs beyond it is added to the pauses
BROKER_KILLED_EVERY = (20, 40)
DATABASE_KILLED_EVERY = (25, 50)
SETTLED_WITHIN_SECONDS = 120
PATIENCE_SECONDS = 600  # what is only late is not lost
REPEATED_AT_MOST = 0.03
QUORUM_SECONDS = 1.5  # a younger quorum queue is lost with its node (RabbitMQ 3.10)
LOOK_SECONDS = 0.5
TIMEOUT_SECONDS = 5  # of an attempt; a lease is 5 s longer
ODD = 20  # each twentieth event goes to a busy listener too
REFUSED = 0.2
STUBBORN = {"delays_seconds": [1] * 20, "jitter": 0.2}


@dataclass(frozen=True, slots=True)
class Stage:
    """A bridge, what it stands on, and whom it tells.

    Attributes:
        healthy: Hears of every event.
        busy: Hears of the odd ones, and often has no time.
        pauses: Before the bridge is killed again, the shortest and the longest.
    """

    bridge: BridgeProcess
    broker: RabbitNode
    cluster: PostgresCluster
    healthy: Tally
    busy: Tally
    pauses: tuple[float, float]


@pytest.fixture
def stage(tmp_path, own_rabbit, own_postgres, extent):
    chance = extent.chance("receiver")
    with (
        BridgeProcess(
            tmp_path,
            own_rabbit.url,
            DATABASE_URL=own_postgres.url,
            OS_SECRETS__KEY=KEY,
            OS_LOG__LEVEL="WARNING",
            OS_CALLBACKS__CLIENT=extent.client,
        ) as bridge,
        Tally() as healthy,
        Tally(refuses=lambda: chance.random() < REFUSED) as busy,
    ):
        members = {"project": "acme", "timeout_seconds": TIMEOUT_SECONDS}
        bridge.add_listener(healthy.url, **members)
        bridge.add_listener(busy.url, **members, workflow="odd", retry=STUBBORN)
        time.sleep(QUORUM_SECONDS)  # the broker tells nobody when the queue is safe
        pauses = pauses_for(bridge)
        yield Stage(bridge, own_rabbit, own_postgres, healthy, busy, pauses)


def pauses_for(bridge):
    """Return how long a bridge lives, so that here, too, it gets to work mostly."""
    began = time.monotonic()
    bridge.kill()
    bridge.start()
    beyond = max(time.monotonic() - began - STARTED_SECONDS, 0)
    shortest, longest = BRIDGE_KILLED_EVERY
    return shortest + beyond, longest + beyond


def is_odd(name):
    return int(name) % ODD == 0


def the_events(count):
    for number in range(count):
        workflow = "odd" if is_odd(number) else "even"
        yield an_event(number, workflow=workflow)


def killed_and_started(server):
    def fault():
        server.kill()
        server.start()

    return fault


def found(cluster):
    """Return how many deliveries there are in each state."""
    query = "SELECT state, count(*) FROM deliveries GROUP BY state"
    with psycopg.connect(cluster.url) as connection:
        return dict(connection.execute(query).fetchall())


def wait_until_settled(cluster, expected, deadline):
    """Wait until all is recorded and nothing pending; return how it stands."""
    while True:
        states = found(cluster)
        done = sum(states.values()) - states.get("pending", 0)
        if done >= expected or time.monotonic() > deadline:
            return states
        time.sleep(LOOK_SECONDS)


def publish_while_all_is_killed(extent, stage):
    """Return the ids of what was confirmed, and the faults by whom they hit."""
    faults = {
        "bridge": (stage.bridge.kill, stage.pauses),
        "broker": (killed_and_started(stage.broker), BROKER_KILLED_EVERY),
        "database": (killed_and_started(stage.cluster), DATABASE_KILLED_EVERY),
    }
    events = the_events(extent.events)
    with Engine(stage.broker.url, events, extent.rate) as engine, ExitStack() as stack:
        recurring = {
            name: stack.enter_context(Recurring(fault, between, extent.chance(name)))
            for name, (fault, between) in faults.items()
        }
        engine.wait()
    return engine.confirmed, recurring


@pytest.mark.timeout(1800)
def test_nothing_is_lost_while_all_is_killed(extent, note, stage):
    began = time.monotonic()
    with Supervisor(stage.bridge) as supervisor:
        names, faults = publish_while_all_is_killed(extent, stage)
        published = time.monotonic() - began
        odd = list(filter(is_odd, names))
        expected = len(names) + len(odd)
        last = max(began, *(fault.ended_at for fault in faults.values()))
        late = [len(names) - len(stage.healthy.calls), len(odd) - len(stage.busy.calls)]
        deadline = last + PATIENCE_SECONDS
        states = wait_until_settled(stage.cluster, expected, deadline)
        settled = time.monotonic() - last

    lost = [name for name in names if name not in stage.healthy.calls]
    lost += [name for name in odd if name not in stage.busy.calls]
    repeated = stage.healthy.repeated + stage.busy.repeated
    figure = {f"{name} killed, times": fault.count for name, fault in faults.items()}
    figure |= {
        "bridge killed every": "{:.1f} to {:.1f} s".format(*stage.pauses),
        "bridge ended by itself, times": supervisor.starts - faults["bridge"].count,
        "published": f"{len(names):,} events, {figures.seconds(published)}",
        "deliveries that waited after the last fault": f"{sum(late):,}",
        "deliveries lost": f"{len(lost)} of {expected:,}",
        "deliveries repeated": f"{repeated:,}, {repeated / expected:.2%}",
        "settled after the last fault": figures.seconds(settled),
        "SOAK": extent,
    }
    note({f"kills, {extent.client}: {name}": said for name, said in figure.items()})
    assert not lost, f"{len(lost)} never came, such as {lost[:3]}; {states}"
    assert states == {"delivered": expected}
    assert not stage.healthy.renamed | stage.busy.renamed
    assert repeated <= expected * REPEATED_AT_MOST
    assert settled < SETTLED_WITHIN_SECONDS
    assert all(fault.count for fault in faults.values())
