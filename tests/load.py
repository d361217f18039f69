# SPDX-License-Identifier: Apache-2.0
"""An engine that publishes to RabbitMQ all the time, and knows what was confirmed."""

import threading
import time
from datetime import timedelta

from notifier.errors import PublishError
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher

TIMEOUT = timedelta(seconds=20)
BATCH = 10
MANY = 500
PACE_SECONDS = 0.02


def an_event(name, **members):
    members = {"execution": "e1", "task": "charge", "project": "acme", **members}
    return Event.new("task.failed", event_id=str(name), **members)


def publish_named(publisher, names):
    """Publish events of these names, many at once; all are confirmed when it returns."""
    for start in range(0, len(names), MANY):
        some = map(an_event, names[start : start + MANY])
        publisher.publish(some, timeout=TIMEOUT)


class Load:
    """A context manager; publishes on a thread of its own between enter and exit.

    Args:
        url: Of the broker.
        pace_seconds: Pause between two batches of ten.

    Attributes:
        confirmed: Ids of the events that are the broker's.
    """

    def __init__(self, url, *, pace_seconds=PACE_SECONDS):
        self.confirmed = []
        self._pace_seconds = pace_seconds
        self._publisher = AmqpPublisher(url)
        self._goes_on = threading.Event()
        self._goes_on.set()
        self._progress = threading.Condition()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._goes_on.clear()
        self._thread.join()
        self._publisher.close()

    def wait_for(self, count):
        """Wait until so many events are confirmed."""
        with self._progress:
            in_time = self._progress.wait_for(
                lambda: len(self.confirmed) >= count, TIMEOUT.total_seconds() * 2
            )
            assert in_time, f"only {len(self.confirmed)} were confirmed"

    def wait_for_more(self, count):
        """Wait until so many more events are confirmed."""
        self.wait_for(len(self.confirmed) + count)

    def _run(self):
        number = 0
        while self._goes_on.is_set():
            time.sleep(self._pace_seconds)  # the machine has others to serve
            names = [f"{number + place}" for place in range(BATCH)]
            number += BATCH
            try:
                self._publisher.publish(map(an_event, names), timeout=TIMEOUT)
            except PublishError:
                continue
            with self._progress:
                self.confirmed += names
                self._progress.notify_all()
