# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/celery.md tells the truth; and a worker ends in order."""

import shlex
import sys

import pytest

from tests.integration.celery.working import CELERY, PATIENCE, Shop, Worker
from tests.integration.commands import Running
from tests.integration.flows import story
from tests.pages import Page

PAGE = Page("docs/how-to/celery.md")
ITS_BROKER = "amqp://guest:guest@localhost:5672//"


def test_the_pages_worker_tells_the_pages_events(vhost, bus, tmp_path):
    tasks = PAGE.block("python tasks")
    assert ITS_BROKER in tasks
    ours = tasks.replace(ITS_BROKER, vhost).replace(
        'backend="rpc://"', 'backend="rpc://", task_default_queue="page"'
    )
    (tmp_path / "tasks.py").write_text(ours)
    expected = PAGE.block("text events").splitlines()
    _, *worker = shlex.split(PAGE.block("sh worker"))
    env = {"AMQP_URL": bus.url, "PYTHONPATH": str(tmp_path)}

    with Running(*worker, "--pool=solo", command=CELERY, **env) as celery:
        code = PAGE.block("python sends")
        with Running("-c", code, command=sys.executable, **env) as sender:
            assert sender.end() == 0
        events = bus.arrived(
            lambda all_: len(_of_page(all_)) >= len(expected), PATIENCE
        )
        assert celery.terminate() == 0

    told = _of_page(events)
    assert story(told) == expected
    assert {(e.workbook, e.workflow) for e in told} == {("orders", "tasks.reserve")}


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_tells_all_before_it_ends(vhost, bus, results, pool):
    options = (f"--pool={pool}", "--concurrency=2", f"--queues={pool}")
    with (
        Worker(vhost, results, bus.url, *options) as worker,
        Shop(worker, bus) as shop,
    ):
        sent = [shop.task("add", n).apply_async(queue=pool) for n in range(8)]
        revoked = shop.task("add", 1).apply_async(queue=pool, countdown=0.2)
        revoked.revoke()
        for one in (*sent, revoked):
            shop.wait_for(one)
        status = worker.terminate()

    assert status == 0
    for one in sent:
        assert story(shop.told(one.id, 4)) == [
            "execution.started",
            "task.started shop.add",
            "task.succeeded shop.add",
            "execution.succeeded",
        ]
    assert len(shop.told(revoked.id, 2)) == 2


def _of_page(events):
    return [event for event in events if event.workbook == "orders"]
