# SPDX-License-Identifier: Apache-2.0
"""Takes events at once, and brings them to the bus in a thread of its own.

What it has taken is in memory only: it waits there, in order, for as long as the bus
takes nothing, and is lost with the process. Safe to share between threads, not to carry
over `os.fork`: a child makes one of its own.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from notifier.errors import Conflict, InvalidEvent, PublishError, Unroutable
from notifier.event import Event
from notifier.publishers.publisher import Publisher
from notifier.wire import routing_key
from notifier.wire.body import encode_body

AT_ONCE: Final = 200
PAUSE_SECONDS: Final = 1.0
"""After the bus said no at once; when it is silent, the timeout itself is a pause."""

_log = logging.getLogger(__name__)


class Backlog:
    """The events that one process has told and the bus has not confirmed.

    Args:
        publisher: The way to the bus; closed with the backlog.
        timeout: Of one attempt; there is no last one.
        limit: How many may wait; what comes then is lost.

    Example:
        >>> from notifier.publishers.memory import MemoryPublisher
        >>> bus = MemoryPublisher()
        >>> queue = bus.queue("task.failed.#")
        >>> backlog = Backlog(bus, timeout=timedelta(seconds=5), limit=1000)
        >>> backlog.add(Event.new("task.failed", execution="e1", task="charge"))
        True
        >>> backlog.close(timedelta(seconds=5))
        0
    """

    def __init__(self, publisher: Publisher, *, timeout: timedelta, limit: int) -> None:
        self._publisher = publisher
        self._timeout = timeout
        self._limit = limit
        self._changed = threading.Condition()
        # Guarded by it; never held while anything blocks.
        self._waiting: deque[Event] = deque()
        self._under_way = 0
        self._lost = 0
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._has_given_up = False
        # The thread's alone.
        self._is_troubled = False

    def add(self, event: Event) -> bool:
        """Take an event, without waiting for anything; False: it is lost.

        Raises:
            InvalidEvent: It fits no bus.
        """
        routing_key(event)
        encode_body(event)
        with self._changed:
            if self._is_closed or self._size >= self._limit:
                self._lose()
                return False
            self._waiting.append(event)
            self._start()
            self._changed.notify_all()
            return True

    def close(self, timeout: timedelta) -> int:
        """Take nothing more; return how many events were left after so long."""
        deadline = time.monotonic() + timeout.total_seconds()
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            while self._size and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            remaining = self._size
            self._has_given_up = True
            self._waiting.clear()
            self._changed.notify_all()
        self._publisher.close()
        return remaining

    @property
    def _size(self) -> int:
        return len(self._waiting) + self._under_way

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(
                target=self._run, name="workflow-notifier-backlog", daemon=True
            )
            thread.start()
            self._thread = thread

    def _lose(self) -> None:
        if not self._lost:
            _log.error("events are lost from now on: %d wait for the bus", self._size)
        self._lost += 1

    def _run(self) -> None:
        while batch := self._take():
            kept = self._attempt(batch)
            with self._changed:
                self._under_way = 0
                if not self._has_given_up:
                    self._waiting.extendleft(reversed(kept))
                self._changed.notify_all()
                if kept:
                    self._changed.wait_for(lambda: self._has_given_up, PAUSE_SECONDS)

    def _take(self) -> Sequence[Event]:
        """Wait for events; none once it is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            count = min(len(self._waiting), AT_ONCE)
            self._under_way = count
            return [self._waiting.popleft() for _ in range(count)]

    def _attempt(self, batch: Sequence[Event]) -> Sequence[Event]:
        """Publish a batch and return what is to be tried again, in its order."""
        try:
            self._publisher.publish(batch, timeout=self._timeout)
        except (Conflict, InvalidEvent) as err:
            if len(batch) > 1:  # none was taken, and it may not say for which
                return [kept for one in batch for kept in self._attempt([one])]
            _log.error("an event is lost, %s: %s", err, batch[0].id)
        except Unroutable as err:
            _log.error("events are lost, %s: %s", err, ", ".join(err.event_ids))
        except PublishError as err:
            self._trouble(err)
            failed = set(err.event_ids) or {event.id for event in batch}
            return [event for event in batch if event.id in failed]
        except Exception:  # noqa: BLE001 - the thread goes on, whatever it was
            _log.exception("events are lost: %s", ", ".join(one.id for one in batch))
        self._recover()
        return ()

    def _trouble(self, fault: PublishError) -> None:
        if not self._is_troubled:
            self._is_troubled = True
            _log.warning("the bus takes no events; they wait: %s", fault)

    def _recover(self) -> None:
        with self._changed:
            lost, self._lost = self._lost, 0
            waiting = len(self._waiting)
        if lost:
            _log.error("the bus takes events again; %d were lost", lost)
        elif self._is_troubled:
            _log.info("the bus takes events again; %d waited", waiting)
        self._is_troubled = False
