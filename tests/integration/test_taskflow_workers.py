# SPDX-License-Identifier: Apache-2.0
"""TaskFlow's engine whose tasks run in workers, in another process, over RabbitMQ."""

import contextlib
import sys

import pytest
from taskflow import engines
from taskflow.exceptions import WrappedFailure
from taskflow.patterns import unordered_flow

from tests.integration.commands import Running
from tests.integration.flows import Fails, Works, run, story

WORKER = """
import sys
from taskflow.engines.worker_based.worker import Worker

worker = Worker(
    url=sys.argv[1],
    exchange="flows",
    topic="works",
    tasks=["tests.integration.flows:Works", "tests.integration.flows:Fails"],
)
worker.run(banner_writer=lambda _: print("runs", flush=True))
"""


@pytest.fixture
def load(amqp_url):
    """Return a loader of flows for a worker that runs."""
    options = {"exchange": "flows", "topics": ["works"], "url": amqp_url}
    code = ("-W", "ignore", "-c", WORKER, amqp_url)
    with Running(*code, command=sys.executable) as worker:
        assert worker.line() == "runs"
        yield lambda flow: engines.load(flow, engine="worker-based", **options)


def test_what_workers_do_is_told_by_their_engine(load, notifier, events):
    flow = unordered_flow.Flow("fulfil").add(Works("a"), Works("b"))

    run(load(flow), notifier)

    told = story(events)
    assert (told[0], told[-1]) == ("execution.started", "execution.succeeded")
    for name in ("a", "b"):
        mine = [one for one in told if one.endswith(f" {name}")]
        assert mine == [f"task.started {name}", f"task.succeeded {name}"]
    results = [e.data["task"]["result"] for e in events if e.type == "task.succeeded"]
    assert sorted(one["done"] for one in results) == [["a"], ["b"]]


def test_an_error_in_a_worker_is_told_with_its_text(load, notifier, events):
    with contextlib.suppress(WrappedFailure):  # how an error comes from afar
        run(load(unordered_flow.Flow("fulfil").add(Fails("charge"))), notifier)

    assert story(events) == [
        "execution.started",
        "task.started charge",
        "task.failed charge",
        "task.reverting charge",
        "task.reverted charge",
        "execution.failed",
    ]
    assert events[2].data["task"]["error"] == "RuntimeError: card declined"
