# SPDX-License-Identifier: Apache-2.0
"""A worker of the shop as a process, and a program that sends it tasks."""

import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path

from celery import Celery, group
from kombu.exceptions import DecodeError

from notifier.engines.conformance import PROJECT, SECRET, TIMEOUT, Ran
from tests.integration.commands import Running

CELERY = Path(sys.executable).with_name("celery")
PATIENCE = timedelta(seconds=20)

_WAITING = {"propagate": False, "interval": 0.02}


class Worker(Running):
    """``celery worker``, ready for tasks once it is entered."""

    def __init__(self, tasks_url, results_url, bus_url, *options):
        self.tasks_url, self.results_url = tasks_url, results_url
        super().__init__(
            "--app=tests.integration.celery.shop",
            "worker",
            "--loglevel=INFO",
            f"--hostname={uuid.uuid4().hex}@localhost",
            *("--without-gossip", "--without-mingle"),
            "--heartbeat-interval=1",  # wakes its loop, which else sees no SIGTERM
            *options,
            command=CELERY,
            TASKS_URL=tasks_url,
            RESULTS_URL=results_url,
            AMQP_URL=bus_url,
            OS_BUS__TIMEOUT_SECONDS=str(TIMEOUT.total_seconds()),
            OS_NOTIFIER__PROJECT=PROJECT,
            OS_NOTIFIER__SOURCE="/shop/celery",
        )

    def __enter__(self):
        while " ready." not in self.note():
            pass
        return self


class Shop:
    """Sends tasks; an `Engine` of the conformance test, as a context manager."""

    def __init__(self, worker, bus):
        self.app = Celery("client", broker=worker.tasks_url, backend=worker.results_url)
        self._bus = bus

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.app.close()

    def task(self, name, *args, **options):
        """Return a signature."""
        return self.app.signature(f"shop.{name}", args=args, **options)

    def run(self, work):
        task = self.task("performs", work.name, work.attempts, SECRET)
        if work.tasks > 1:
            sent = group([task.clone() for _ in range(work.tasks)]).apply_async()
        else:
            sent = task.apply_async()
        self.wait_for(sent)
        return Ran(sent.id, sent.successful())

    def wait_for(self, sent):
        """Wait until Celery itself says that it has ended."""
        deadline = time.monotonic() + PATIENCE.total_seconds()
        while time.monotonic() < deadline:
            try:
                sent.get(PATIENCE.total_seconds(), **_WAITING)
            except DecodeError:  # Celery reads while it writes
                continue
            return

    def told(self, execution, count):
        """Return what is told of an execution: so many events, and no more."""

        def mine(events):
            return [event for event in events if event.execution_id == execution]

        events = self._bus.arrived(lambda all_: len(mine(all_)) >= count, PATIENCE)
        return mine(events)
