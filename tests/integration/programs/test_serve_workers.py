# SPDX-License-Identifier: Apache-2.0
"""``serve --workers``: several processes as one, on RabbitMQ and PostgreSQL."""

import os
import signal
from pathlib import Path

import pytest
import requests

from bridge.client import BridgeClient
from tests.acceptance.endpoint import Endpoint
from tests.acceptance.terminals import until
from tests.bridges import BridgeProcess
from tests.served import KEY


def event(number):
    return {
        "specversion": "1.0",
        "id": f"n{number}",
        "source": "/engine",
        "type": "task.failed",
        "time": "2026-11-24T00:00:00Z",
        "data": {"execution": {"id": "e1"}, "task": {"name": "charge"}},
    }


def children(pid):
    return {
        int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    }


def told_by(bridge):
    """Return the numbers of the workers whose metrics are told."""
    text = requests.get(f"{bridge.url}/metrics", timeout=10).text
    lines = [one for one in text.splitlines() if "_listeners{" in one]
    return {one.partition('worker="')[2].partition('"')[0] for one in lines}


def publish(client, numbers):
    for number in numbers:
        client.publish(event(number))


@pytest.fixture
def bridge(tmp_path, amqp_url, postgres_url):
    with BridgeProcess(
        tmp_path,
        amqp_url,
        options=("--workers", "2"),
        DATABASE_URL=postgres_url,
        OS_SECRETS__KEY=KEY,
        OS_CALLBACKS__ALLOW_LOOPBACK="true",
    ) as bridge:
        until(lambda: "workers: 2" in bridge.said, bool)
        yield bridge


def test_a_killed_worker_is_started_again_and_no_event_is_lost(bridge):
    first = children(bridge.pid)
    with Endpoint() as endpoint, BridgeClient(bridge.url) as client:
        client.listeners.add({"events": ["TASK"], "url": endpoint.url})
        until(lambda: bridge.metric("notifier_bridge_listeners"), (2.0).__eq__)

        publish(client, range(20))
        os.kill(min(first), signal.SIGKILL)
        until(lambda: len(children(bridge.pid) - first), (1).__eq__)
        until(lambda: told_by(bridge), {"0", "1"}.__eq__)
        publish(client, range(20, 40))
        delivered = until(
            lambda: {
                one["event_id"] for one in client.deliveries.find(state="delivered")
            },
            lambda ids: len(ids) >= 40,
        )

    assert delivered == {f"n{number}" for number in range(40)}
    assert "worker died; it is started again" in bridge.said
    bridge.terminate()
    assert bridge.end() == 0


def test_workers_end_with_a_parent_that_was_killed(bridge):
    workers = children(bridge.pid)

    bridge.kill()

    until(
        lambda: [one for one in workers if Path(f"/proc/{one}").exists()], ([]).__eq__
    )
