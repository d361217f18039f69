# SPDX-License-Identifier: Apache-2.0
"""Make sure that the exchanges and queues exist; what exists is left as it is.

Each is asked for passively first: a user without the permission to declare can work
on a bus that an operator has laid out, with whatever arguments and policies.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal, Self

from notifier.errors import Refused
from notifier.topology.names import (
    BRIDGE_QUEUE,
    DEAD_EXCHANGE,
    EXCHANGE,
    HISTORY_STREAM,
    QUARANTINE_QUEUE,
)

QueueType = Literal["quorum", "classic"]

_DEAD_LETTERS: Final = "x-dead-letter-exchange"

_ONE_AT_A_TIME: Final = "x-single-active-consumer"
_ACCESS_REFUSED: Final = 403
_NOT_FOUND: Final = 404
_PRECONDITION_FAILED: Final = 406

_log = logging.getLogger(__name__)


def declare(
    connection: Any,  # noqa: ANN401 - kombu's or py-amqp's; neither publishes types
    *,
    exchange: str = EXCHANGE,
    bridge_queue: str | None = BRIDGE_QUEUE,
    queue_type: QueueType = "quorum",
) -> None:
    """Make sure that events have an exchange, and the bridge its queue.

    Args:
        connection: Open, of kombu or py-amqp.
        exchange: Durable topic exchange for the events.
        bridge_queue: Durable queue that takes every event; None for none.
        queue_type: Of a queue that does not exist yet.

    Raises:
        Refused: Something is missing and this user may not declare it.
    """
    # No x-delivery-limit: RabbitMQ would drop good messages after crashes.
    with _Bus(connection) as bus:
        bus.exchange(exchange, "topic")
        if bridge_queue is not None:
            kind = {"x-queue-type": queue_type}
            # What a policy's delivery-limit gives up, the bridge takes back from there.
            bus.queue(
                bridge_queue, {**kind, _DEAD_LETTERS: DEAD_EXCHANGE}, or_else=kind
            )
            bus.bind(bridge_queue, exchange, "#")


def declare_ordered(
    connection: Any,  # noqa: ANN401 - kombu's or py-amqp's; neither publishes types
    *,
    queue: str,
    queue_type: QueueType,
    exchange: str = EXCHANGE,
) -> None:
    """Make sure that one bridge at a time gets every event, in its order.

    Args:
        connection: Open, of kombu or py-amqp.
        queue: Durable queue that takes every event from now on.
        queue_type: Of a queue that does not exist yet.
        exchange: Topic exchange for the events.

    Raises:
        Refused: Something is missing and cannot be declared, or the queue would let
            several consumers have events at a time.
    """
    arguments = {"x-queue-type": queue_type, _ONE_AT_A_TIME: True}
    with _Bus(connection) as bus:
        bus.queue(queue, arguments)
        bus.check(queue, arguments, _ONE_AT_A_TIME)
        bus.bind(queue, exchange, "#")


def declare_history(
    connection: Any,  # noqa: ANN401 - kombu's or py-amqp's; neither publishes types
    *,
    exchange: str = EXCHANGE,
    days: int = 7,
) -> None:
    """Make sure that a stream keeps every event from now on; whoever likes reads it.

    Args:
        connection: Open, of kombu or py-amqp.
        exchange: Topic exchange for the events.
        days: For so long, of a stream that does not exist yet.

    Raises:
        Refused: It is missing and cannot be declared: no permission, or a broker that
            knows no streams (RabbitMQ before 3.9).
    """
    with _Bus(connection) as bus:
        bus.queue(HISTORY_STREAM, {"x-queue-type": "stream", "x-max-age": f"{days}D"})
        bus.bind(HISTORY_STREAM, exchange, "#")


def has_queue(
    connection: Any,  # noqa: ANN401 - kombu's or py-amqp's; neither publishes types
    queue: str,
) -> bool:
    """Tell whether a durable queue exists.

    Args:
        connection: Open, of kombu or py-amqp.
        queue: Its name.
    """
    with _Bus(connection) as bus:
        return bus.has(queue)


def declare_quarantine(
    connection: Any,  # noqa: ANN401 - kombu's or py-amqp's; neither publishes types
) -> None:
    """Make sure that messages that are no events have a place to go.

    Args:
        connection: Open, of kombu or py-amqp.

    Raises:
        Refused: Something is missing and this user may not declare it.
    """
    with _Bus(connection) as bus:
        bus.exchange(DEAD_EXCHANGE, "fanout")
        bus.queue(QUARANTINE_QUEUE, {})
        bus.bind(QUARANTINE_QUEUE, DEAD_EXCHANGE, "")


def declare_notifications(
    connection: Any,  # noqa: ANN401 - kombu's or py-amqp's; neither publishes types
    *,
    queue: str,
    queue_type: QueueType,
    exchange: str,
    topics: Sequence[str],
) -> None:
    """Make sure that a queue gets what a service emits.

    The exchange is the service's: how it declares it depends on its settings, and it
    would fail on one that is declared otherwise. So it is not declared here; nor is a
    queue that is named after a topic, which oslo.messaging declares when it publishes.

    Args:
        connection: Open, of kombu or py-amqp.
        queue: Durable queue; what it holds of other exchanges stays as it is.
        queue_type: Of a queue that does not exist yet.
        exchange: Topic exchange of the service.
        topics: Routing keys, such as ``notifications.info``; ``*`` is one word.

    Raises:
        Refused: Something is missing and cannot be declared.
    """
    with _Bus(connection) as bus:
        if queue not in topics:
            bus.queue(queue, {"x-queue-type": queue_type})
        for topic in topics:
            bus.bind(queue, exchange, topic)


class _Bus:
    """One channel; py-amqp opens it again by itself when the broker closed it."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - as in `declare`
        self._errors = connection.channel_errors
        self._channel = connection.channel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def exchange(self, name: str, kind: str) -> None:
        ask = partial(self._channel.exchange_declare, name, kind)
        self._ensure(f"{kind} exchange {name}", ask)

    def has(self, queue: str) -> bool:
        try:
            self._channel.queue_declare(queue, passive=True)
        except self._errors as err:
            if err.reply_code != _NOT_FOUND:
                raise Refused(f"queue {queue}: {err.reply_text}") from err
            return False
        return True

    def check(self, queue: str, arguments: Mapping[str, object], wanted: str) -> None:
        """Refuse a queue that has another value for one of its arguments."""
        try:
            self._channel.queue_declare(
                queue, durable=True, auto_delete=False, arguments=dict(arguments)
            )
        except self._errors as err:
            # Without the permission to ask, it is the operator's business.
            if err.reply_code == _PRECONDITION_FAILED and wanted in err.reply_text:
                raise Refused(
                    f"the queue {queue} exists without {wanted}; delete it, and it is "
                    "declared anew"
                ) from err

    def queue(
        self,
        name: str,
        arguments: Mapping[str, object],
        or_else: Mapping[str, object] | None = None,
    ) -> None:
        asks = [
            partial(self._channel.queue_declare, name, arguments=dict(one))
            for one in (arguments, or_else)
            if one is not None
        ]
        self._ensure(f"queue {name}", *asks)

    def bind(self, queue: str, exchange: str, binding: str) -> None:
        try:
            self._channel.queue_bind(queue, exchange, binding)
        except self._errors as err:
            if err.reply_code != _ACCESS_REFUSED:
                raise Refused(f"queue {queue}: {err.reply_text}") from err
            # Whether it is bound cannot be asked. If not, publishing says so.
            extra = {"queue": queue, "exchange": exchange, "fault": err.reply_text}
            _log.warning("bus: no permission to bind the queue", extra=extra)

    def _ensure(self, what: str, *asks: Callable[..., object]) -> None:
        ask, *others = asks
        try:
            ask(passive=True, durable=True, auto_delete=False)
        except self._errors as err:
            if err.reply_code != _NOT_FOUND:
                raise Refused(f"{what}: {err.reply_text}") from err
        else:
            return
        try:
            ask(durable=True, auto_delete=False)
        except self._errors as err:
            if err.reply_code == _ACCESS_REFUSED and others:
                # This user may not write to where it would be dead-lettered to.
                self._ensure(what, *others)
                return
            if err.reply_code != _PRECONDITION_FAILED:
                raise Refused(_missing(what, err.reply_text)) from err
            # Somebody declared it just now, and otherwise.
            extra = {"what": what, "fault": err.reply_text}
            _log.warning("bus: what exists is used, though it differs", extra=extra)


def _missing(what: str, fault: str) -> str:
    return (
        f"the {what} is missing and could not be declared: {fault}; "
        "declare it as an operator, or give this user the configure permission"
    )
