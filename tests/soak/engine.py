# SPDX-License-Identifier: Apache-2.0
"""An engine that publishes so many events a second, and repeats what was not confirmed."""

import threading
import time
from datetime import timedelta
from itertools import islice

from notifier.errors import PublishError
from notifier.publishers.amqp import AmqpPublisher

TIMEOUT = timedelta(seconds=60)
A_SECOND = 50
"""So many batches a second; what an outage kept back follows at once."""


class Engine:
    """A context manager; publishes on a thread of its own from enter on.

    Args:
        url: Of the broker.
        events: An iterator over what is to be published.
        rate: A second.

    Attributes:
        confirmed: Ids of the events that are the broker's.
        failed: How many calls of `publish` ended with an error.
    """

    def __init__(self, url, events, rate):
        self.confirmed = []
        self.failed = 0
        self._events = events
        self._rate = rate
        self._publisher = AmqpPublisher(url)
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_stopped.set()
        self._thread.join()
        self._publisher.close()

    def wait(self):
        """Wait until all is published."""
        self._thread.join()

    def wait_for_more(self):
        """Wait until what was on its way is confirmed; all may be published already."""
        known = len(self.confirmed)
        while len(self.confirmed) == known and self._thread.is_alive():
            time.sleep(1 / A_SECOND)  # it tells nobody

    def _run(self):
        began = time.monotonic()
        sent = 0
        while batch := self._due(round((time.monotonic() - began) * self._rate) - sent):
            sent += len(batch)
            while not self._is_published(batch) and not self._is_stopped.is_set():
                self.failed += 1
            self.confirmed += [event.id for event in batch]
            self._is_stopped.wait(1 / A_SECOND)

    def _is_published(self, batch):
        try:
            self._publisher.publish(batch, timeout=TIMEOUT)
        except PublishError:
            return False
        return True

    def _due(self, count):
        if self._is_stopped.is_set():
            return []
        return list(islice(self._events, min(max(count, 1), 10 * A_SECOND)))
