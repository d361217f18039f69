# SPDX-License-Identifier: Apache-2.0
"""An engine under eventlet publishes, and its other greenlets go on meanwhile."""

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT
from tests.contract.buses import AmqpBus, OsloBus, silent_peer
from tests.openstack import transport_url
from tests.servers.door import Door

GREENLETS = 10
EACH = 20
PATIENCE_SECONDS = 60

# argv: the bus, the timeout in seconds
ENGINE = """
import eventlet
eventlet.monkey_patch()

import json, sys, time
from dataclasses import replace
from datetime import timedelta
from notifier import Event, connect
from notifier.errors import PublishError
from notifier.settings import Settings

url, seconds = sys.argv[1], float(sys.argv[2])
settings = Settings(on_error="raise")
settings = replace(settings, bus=replace(settings.bus, timeout=timedelta(seconds=seconds)))
beats = errors = 0

def beat():
    global beats
    while True:
        eventlet.sleep(0.01)
        beats += 1

def work(execution):
    global errors
    for number in range(EACH):
        event_id = f"{execution}-{number}"
        event = Event.new(
            "task.failed", execution=execution, task="t", event_id=event_id
        )
        try:
            notifier.notify(event)
        except PublishError:
            errors += 1
            return

eventlet.spawn(beat)
pool = eventlet.GreenPool()
started = time.monotonic()
with connect(url, settings=settings) as notifier:
    for number in range(GREENLETS):
        pool.spawn(work, f"e{number}")
    pool.waitall()
took = time.monotonic() - started
print(json.dumps({"errors": errors, "beats": beats, "took": took}))
"""


def engine(url, *, seconds):
    """Let an engine of ten greenlets publish, and return what it says of itself."""
    code = ENGINE.replace("EACH", str(EACH)).replace("GREENLETS", str(GREENLETS))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, url, str(seconds)],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_execution(events):
    found = {}
    for event in events:
        found.setdefault(event.execution_id, []).append(event.id)
    return found


def all_in_order():
    return {
        f"e{number}": [f"e{number}-{n}" for n in range(EACH)]
        for number in range(GREENLETS)
    }


def test_ten_greenlets_publish_over_one_connection_to_the_broker(amqp_url):
    bus = AmqpBus(amqp_url)
    bus.close()

    said = engine(amqp_url, seconds=20)

    assert said["errors"] == 0
    assert by_execution(bus.arrived(GREENLETS * EACH)) == all_in_order()


def test_ten_greenlets_publish_through_oslo_messaging(amqp_url):
    bus = OsloBus(amqp_url)
    bus.close()

    said = engine(f"oslo+{transport_url(amqp_url)}", seconds=20)

    assert said["errors"] == 0
    assert by_execution(bus.arrived(GREENLETS * EACH)) == all_in_order()


def test_ten_greenlets_publish_through_the_bridges_door():
    with Door() as door:
        said = engine(door.url, seconds=20)

    assert said["errors"] == 0
    assert by_execution(door.events) == all_in_order()


@pytest.mark.parametrize("scheme", ["amqp", "http", "oslo+rabbit"])
def test_a_silent_peer_holds_up_no_other_greenlet(scheme):
    with silent_peer() as port:
        said = engine(f"{scheme}://127.0.0.1:{port}/", seconds=1)

    assert said["errors"] == GREENLETS
    assert said["took"] < 5
    assert said["beats"] > 20
