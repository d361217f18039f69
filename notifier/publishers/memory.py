# SPDX-License-Identifier: Apache-2.0
"""The bus within one process: a topic exchange that calls its handlers.

`MemoryPublisher.publish` calls them in the publishing thread, in the order they were
bound, and returns when all have returned: that is its confirm. The first that raises
ends the call, so bind the one that stores the events before those that only look.
"""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final, NamedTuple, Self

from notifier.errors import PublishError, Refused, Unreachable, Unroutable
from notifier.event import Event
from notifier.topology import accepts
from notifier.verdict import Answer
from notifier.wire import AmqpMessage, to_amqp
from notifier.wire.call import Question, decode_reply

REPLY_TO: Final = "workflow.replies.memory"
DEFAULT_QUEUE_LENGTH: Final = 1000


class Published(NamedTuple):
    """An event beside its message; a tuple, so that a loop can take it apart."""

    event: Event
    message: AmqpMessage


Handler = Callable[[Sequence[Published]], None]
"""Takes those events that its binding accepts, in the order given to one `publish`.

Called by any number of threads at once. What it raises is what `publish` raises: a
`PublishError` as it is, anything else as `Refused`. It bounds its own time.
"""


class Binding:
    """A handler's place on the bus, until it is closed."""

    def __init__(
        self, binding: str, handler: Handler, close: Callable[["Binding"], None]
    ) -> None:
        self.binding = binding
        self.handler = handler
        self._close = close

    def accepts(self, routing_key: str) -> bool:
        """Tell whether a message with this key comes here."""
        return accepts(self.binding, routing_key)

    def close(self) -> None:
        """Take the handler off the bus; may be called twice."""
        self._close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MemoryPublisher:
    """The `Publisher` without a broker, and its `Caller`.

    Example:
        >>> bus = MemoryPublisher()
        >>> queue = bus.queue("task.failed.#")
        >>> event = Event.new("task.failed", execution="e1", task="charge")
        >>> bus.publish([event], timeout=timedelta(seconds=1))
        >>> queue.get(timedelta(seconds=1)).event.task_name
        'charge'
    """

    def __init__(self) -> None:
        # Replaced, never changed: a publishing thread works on what it found.
        self._bindings: tuple[Binding, ...] = ()
        self._mutex = threading.Lock()
        self._closed = False
        self._waiting: dict[str, Future[bytes]] = {}

    def bind(self, binding: str, handler: Handler) -> Binding:
        """Call the handler with every event that the binding accepts, until closed.

        Args:
            binding: As on a topic exchange: ``task.failed.#``.
            handler: See `Handler`.
        """
        bound = Binding(binding, handler, self._unbind)
        with self._mutex:
            self._bindings = (*self._bindings, bound)
        return bound

    def queue(
        self, binding: str, *, max_length: int = DEFAULT_QUEUE_LENGTH
    ) -> "MemoryQueue":
        """Return a queue that keeps every event that the binding accepts.

        Args:
            binding: As on a topic exchange: ``task.failed.#``.
            max_length: In events; beyond, the oldest is dropped. Default 1000.
        """
        return MemoryQueue(lambda put: self.bind(binding, put), max_length)

    def publish(
        self,
        events: Sequence[Event],
        *,
        timeout: timedelta,  # noqa: ARG002 - handlers bound their own time
    ) -> None:
        """Hand the events to every handler that is bound for them (see `Publisher`)."""
        self._hand_on([Published(event, to_amqp(event)) for event in events])

    def call(self, event: Event, *, timeout: timedelta) -> tuple[Answer, ...] | None:
        """Return what those listeners said who were waited for (see `Caller`).

        The message says so as one on a broker does; a handler takes it to whoever
        calls `reply`.
        """
        deadline = time.monotonic() + timeout.total_seconds()
        question = Question(REPLY_TO, str(uuid.uuid4()), timeout)
        message = to_amqp(event)
        asking = replace(
            message,
            properties={**message.properties, **question.properties},
            headers={**message.headers, **question.headers},
        )
        waiting = self._waiting[question.correlation_id] = Future[bytes]()
        try:
            self._hand_on([Published(event, asking)])
            return decode_reply(waiting.result(max(deadline - time.monotonic(), 0)))
        except TimeoutError:
            return None
        finally:
            del self._waiting[question.correlation_id]

    def reply(self, correlation_id: str, body: bytes) -> None:
        """Hand a reply to who waits for it, if somebody still does; any thread."""
        waiting = self._waiting.get(correlation_id)
        if waiting is not None:
            with suppress(InvalidStateError):  # somebody has replied
                waiting.set_result(body)

    def close(self) -> None:
        """Publish nothing more."""
        self._closed = True

    def _hand_on(self, published: Sequence[Published]) -> None:
        if self._closed:
            ids = [one.event.id for one in published]
            raise Unreachable("the publisher is closed", ids)
        bindings = self._bindings
        unroutable = [
            one
            for one in published
            if not any(b.accepts(one.message.routing_key) for b in bindings)
        ]
        for binding in bindings:
            _hand_over(binding, published)
        if unroutable:
            key = unroutable[0].message.routing_key
            raise Unroutable(
                f"nothing is bound for {key}", [one.event.id for one in unroutable]
            )

    def _unbind(self, binding: Binding) -> None:
        with self._mutex:
            self._bindings = tuple(b for b in self._bindings if b is not binding)


class MemoryQueue:
    """Keeps the latest events that its binding accepts, for consumers in the process.

    A slow consumer never holds up who publishes: when the queue is full, the oldest
    event is dropped and counted.

    Attributes:
        dropped: How many events were dropped so far.
    """

    def __init__(
        self, bind: Callable[[Handler], Binding], max_length: int = DEFAULT_QUEUE_LENGTH
    ) -> None:
        self.dropped = 0
        self._max_length = max_length
        self._kept: deque[Published] = deque()
        self._filled = threading.Condition()
        self._closed = False
        self._binding = bind(self._put)

    def get(self, timeout: timedelta) -> Published | None:
        """Take the oldest event; None if none came in time, or the queue is closed."""
        with self._filled:
            self._filled.wait_for(
                lambda: self._kept or self._closed, timeout.total_seconds()
            )
            return self._kept.popleft() if self._kept else None

    def close(self) -> None:
        """Take the queue off the bus and wake who waits; may be called twice."""
        self._binding.close()
        with self._filled:
            self._closed = True
            self._filled.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, published: Sequence[Published]) -> None:
        with self._filled:
            self._kept.extend(published)
            while len(self._kept) > self._max_length:
                self._kept.popleft()
                self.dropped += 1
            self._filled.notify(len(published))


def _hand_over(binding: Binding, published: Sequence[Published]) -> None:
    mine = [one for one in published if binding.accepts(one.message.routing_key)]
    if not mine:
        return
    ids = [one.event.id for one in mine]
    try:
        binding.handler(mine)
    except PublishError as err:
        err.event_ids = err.event_ids or tuple(ids)
        raise
    except Exception as err:
        raise Refused(f"{type(err).__name__}: {err}", ids) from err
