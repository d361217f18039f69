# SPDX-License-Identifier: Apache-2.0
"""The peer on Celery: a task for each event, prefork, acked late."""

from functools import cache

import requests
from celery import Celery

from benchmarks.peers.requesting import post, session
from benchmarks.peers.webhook import QUEUE, URL

app = Celery("peer", broker=URL)
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_default_queue=QUEUE,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    worker_disable_rate_limits=True,
    worker_enable_remote_control=False,
    worker_prefetch_multiplier=64,
    worker_send_task_events=False,
)


@app.task(name="deliver")
def deliver(body: str) -> None:
    """Post one event."""
    post(_session(), body.encode())


@cache
def _session() -> requests.Session:
    return session()  # one for each process
