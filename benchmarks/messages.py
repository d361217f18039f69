# SPDX-License-Identifier: Apache-2.0
"""Events of 1 KB, in the form that each contender reads, brought to the exchange."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import amqp

from benchmarks.rounds import SENT_DIGITS
from notifier.event import Event
from notifier.wire import AmqpMessage, to_amqp

EXCHANGE: Final = "workflow.events"
WORKBOOK: Final = "orders"
BODY_BYTES: Final = 1024

Form = Literal["event", "celery", "dramatiq"]

_NOT_SENT: Final = 10 ** (SENT_DIGITS - 1)
_HOLE: Final = str(_NOT_SENT).encode()  # where the time is written when it is sent
_POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Sendable:
    """One event, made ready.

    Attributes:
        id: The receiver gets it as ``ce-id``.
    """

    id: str
    routing_key: str
    properties: dict[str, Any]
    body: bytes


def made(count: int, form: Form, queue: str, *, first: int = 0) -> list[Sendable]:
    """Return so many events.

    Args:
        count: How many.
        form: As the contender reads it.
        queue: Some forms name it.
        first: Number of the first; their ids go on from there.
    """
    return [_made(number, form, queue) for number in range(first, first + count)]


class Bus:
    """A connection that publishes to the exchange all that it is given.

    Args:
        port: Of the broker on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._connection = amqp.Connection(f"127.0.0.1:{port}", connect_timeout=10)
        self._connection.connect()
        self._channel = self._connection.channel()
        self._channel.exchange_declare(
            EXCHANGE, "topic", durable=True, auto_delete=False
        )

    def close(self) -> None:
        """End it."""
        self._connection.close()

    def declare(self, queue: str, form: Form) -> None:
        """Make a durable classic queue anew, which all events go to."""
        arguments = {}
        if form == "dramatiq":  # as it would declare its queue itself
            arguments = {
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": f"{queue}.XQ",
            }
        self._channel.queue_delete(queue)
        self._channel.queue_declare(
            queue, durable=True, auto_delete=False, arguments=arguments
        )
        self._channel.queue_bind(queue, EXCHANGE, "#")

    def delete(self, queue: str) -> None:
        """Remove a queue with all that is in it, and what dramatiq made beside it."""
        for name in (queue, f"{queue}.DQ", f"{queue}.XQ"):
            self._channel.queue_delete(name)

    def fill(self, queue: str, events: Sequence[Sendable]) -> None:
        """Publish a backlog; returns once all of it is in the queue.

        Its consumer may have been handed some already, and be held since: they count
        for none in the queue. So it is waited until no more come, not for a number.
        """
        for event in events:
            self._publish(event)
        before, now = -1, self.left(queue)
        while before < now:
            time.sleep(_POLL_SECONDS)
            before, now = now, self.left(queue)

    def pace(self, events: Sequence[Sendable], rate: float) -> None:
        """Publish so many a second, each with the time it was sent at."""
        began = time.perf_counter()
        for number, event in enumerate(events):
            ahead = began + number / rate - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
            self._publish(event)

    def left(self, queue: str) -> int:
        """Return how many events wait in a queue; not those that are with a consumer."""
        return int(self._channel.queue_declare(queue, passive=True).message_count)

    def _publish(self, event: Sendable) -> None:
        body = event.body.replace(_HOLE, str(time.time_ns()).encode())
        message = amqp.Message(body, **event.properties)
        self._channel.basic_publish(message, EXCHANGE, event.routing_key)


def _made(number: int, form: Form, queue: str) -> Sendable:
    event_id = f"e{number:07}"
    message = to_amqp(_event(event_id, ""))
    message = to_amqp(_event(event_id, "x" * (BODY_BYTES - len(message.body))))
    properties = {**message.properties, "application_headers": dict(message.headers)}
    body = message.body
    if form == "celery":
        properties, body = _for_celery(event_id, message)
    elif form == "dramatiq":
        properties, body = _for_dramatiq(event_id, message, queue)
    return Sendable(event_id, message.routing_key, properties, body)


def _event(event_id: str, text: str) -> Event:
    return Event.new(
        "task.succeeded",
        event_id=event_id,
        source="/benchmark",
        execution=event_id,
        task="charge",
        workbook=WORKBOOK,
        workflow="fulfil",
        payload={"sent": _NOT_SENT, "text": text},
    )


def _for_celery(task_id: str, message: AmqpMessage) -> tuple[dict[str, Any], bytes]:
    headers = {"lang": "py", "task": "deliver", "id": task_id, "root_id": task_id}
    properties = {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "correlation_id": task_id,
        "delivery_mode": 2,
        "application_headers": headers,
    }
    return properties, json.dumps([[message.body.decode()], {}, {}]).encode()


def _for_dramatiq(
    message_id: str, message: AmqpMessage, queue: str
) -> tuple[dict[str, Any], bytes]:
    body = {
        "queue_name": queue,
        "actor_name": "deliver",
        "args": [message.body.decode()],
        "kwargs": {},
        "options": {},
        "message_id": message_id,
        "message_timestamp": int(time.time() * 1000),
    }
    return {"delivery_mode": 2}, json.dumps(body).encode()
