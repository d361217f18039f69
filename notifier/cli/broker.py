# SPDX-License-Identifier: Apache-2.0
"""Messages from the broker, out of a queue that lives as long as its reader."""

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

import amqp

from notifier.cli.message import Message
from notifier.errors import InvalidEvent, Refused, Unreachable
from notifier.publishers.dial import client_of
from notifier.publishers.failures import describe
from notifier.settings import Bus, masked
from notifier.topology import declare
from notifier.wire import from_amqp

HEARTBEAT_SECONDS: Final = 30
MAX_WAITING: Final = 10_000  # a reader that stands still must not fill the broker
PREFETCH: Final = 100

_TURN_SECONDS: Final = 1  # between two looks at the heartbeat


@contextlib.contextmanager
def connected(bus: Bus) -> Iterator[Any]:
    """Open a connection of kombu's.

    Raises:
        Unreachable: No broker answers, or it is lost later on.
        Refused: It will not have this user, or refuses something later on.
        SettingsError: The URL is none of a broker.
    """
    seconds = bus.timeout.total_seconds()
    connection = client_of(
        bus.url or "", bus.tls, connect_timeout=seconds, heartbeat=HEARTBEAT_SECONDS
    )
    where = masked(bus.url or "")
    try:
        connection.connect()
        yield connection
    except (amqp.AccessRefused, amqp.NotAllowed, *connection.channel_errors) as err:
        raise Refused(f"the broker on {where} refuses: {describe(err)}") from err
    except connection.connection_errors as err:
        raise Unreachable(f"no broker answers on {where}: {describe(err)}") from err
    finally:
        with contextlib.suppress(Exception):  # a dead connection may say anything
            connection.release()


def listen(bus: Bus, bindings: Sequence[str]) -> Iterator[Message | None]:
    """Yield None once nothing more is missed, then each message as it comes.

    Args:
        bus: With a broker's URL.
        bindings: As on a topic exchange; one of them must accept a message.

    Raises:
        Unreachable: No broker answers, or the connection broke.
        Refused: The broker refuses the user, the exchange or the queue.
    """
    came: deque[Any] = deque()
    with connected(bus) as connection:
        declare(connection, exchange=bus.exchange, bridge_queue=None)
        channel = connection.default_channel
        queue = channel.queue_declare(
            "",
            exclusive=True,
            auto_delete=True,
            arguments={"x-max-length": MAX_WAITING},
        ).queue
        for binding in bindings:
            channel.queue_bind(queue, bus.exchange, binding)
        channel.basic_qos(0, PREFETCH, a_global=False)
        channel.basic_consume(queue, callback=came.append, exclusive=True)
        yield None
        while True:
            while came:
                message = came.popleft()
                yield _message(message)
                channel.basic_ack(message.delivery_tag)
            with contextlib.suppress(TimeoutError):
                connection.drain_events(timeout=_TURN_SECONDS)
            connection.heartbeat_check()


def _message(message: Any) -> Message:  # noqa: ANN401 - py-amqp has no types
    properties = dict(message.properties)
    headers = properties.pop("application_headers", {})
    key = message.delivery_info["routing_key"]
    body = message.body if isinstance(message.body, bytes) else message.body.encode()
    try:
        return Message(from_amqp(properties, headers, body, key), key, body)
    except InvalidEvent as err:
        return Message(None, key, body, str(err))
