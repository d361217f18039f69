# SPDX-License-Identifier: Apache-2.0
"""The two ways to read a consumer's messages off a connection of py-amqp.

`plain` leaves everything to py-amqp. `lean` reads the socket in large pieces and takes
the messages out itself; every other frame - answers, heartbeats, cancels, closes - is
handed to py-amqp, which goes on keeping the connection. Both hand on the same messages
in the same order.
"""

from collections.abc import Callable
from typing import Any, Final

from bridge.intake.message import Message, OnMessages, parted
from bridge.intake.stream import Stream

TAG: Final = "bridge"
"""Of the one consumer of a connection."""

PIECE_BYTES: Final = 256 * 1024

Amqp = Any
"""Of py-amqp, which has no types."""

Reader = Callable[[Amqp, Amqp, str, OnMessages], None]
"""Begins to consume: takes connection, channel, queue and who is handed the messages.

Whoever drives the connection by ``drain_events`` is called back from within it.
"""


def plain(_: Amqp, channel: Amqp, queue: str, on_messages: OnMessages) -> None:
    """Let py-amqp read; about 90 µs a message."""

    def on_delivered(message: Amqp) -> None:
        properties, headers = parted(dict(message.properties))
        one = Message(
            message.delivery_tag,
            bool(message.delivery_info["redelivered"]),
            message.delivery_info["routing_key"],
            properties,
            headers,
            bytes(message.body),
        )
        on_messages([one])

    channel.basic_consume(queue, consumer_tag=TAG, nowait=True, callback=on_delivered)


def lean(connection: Amqp, channel: Amqp, queue: str, on_messages: OnMessages) -> None:
    """Read in large pieces; about 10 µs a message."""
    transport = connection.transport
    stream = Stream(channel.channel_id, on_messages, connection.on_inbound_frame)

    def blocking_read(timeout: float | None = None) -> bool:
        with transport.having_timeout(timeout):
            data = transport.sock.recv(PIECE_BYTES)
        if not data:
            raise ConnectionResetError("the broker closed the connection")
        return take(data)

    def take(data: bytes) -> bool:
        frames = stream.feed(data)
        connection.bytes_recv += frames  # its heartbeats look at that
        return frames > 0

    # What came along with the last answer lies in py-amqp's own buffer.
    left, transport._read_buffer = transport._read_buffer, b""  # noqa: SLF001 - no public name
    connection.blocking_read = blocking_read
    channel.basic_consume(queue, consumer_tag=TAG, nowait=True)
    take(bytes(left))


READERS: Final[dict[str, Reader]] = {"lean": lean, "plain": plain}
