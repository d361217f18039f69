# SPDX-License-Identifier: Apache-2.0
"""Messages to publish, and those that wait in a queue."""

from notifier.event import Event
from notifier.publishers.amqp import Outgoing


def numbered(number, execution="e1"):
    return Event.new(
        "task.failed",
        event_id=f"{execution}-{number}",
        execution=execution,
        task="charge",
    )


def outgoing(exchange, number, routing_key="some.key", key="k"):
    return Outgoing(
        exchange=exchange,
        routing_key=routing_key,
        body=b"{}",
        properties={"message_id": str(number), "delivery_mode": 2},
        headers={"x": "y"},
        key=key,
        id=str(number),
    )


def taken(channel, queue):
    """Return the ids of all that waits in a queue."""
    messages = iter(lambda: channel.basic_get(queue, no_ack=True), None)
    return [message.properties["message_id"] for message in messages]
