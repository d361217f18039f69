# SPDX-License-Identifier: Apache-2.0
"""A message as the bytes that publish it.

They are made in the thread that publishes: what does not fit AMQP concerns nobody
else on the connection, and is sent again as it is after a reconnect.
"""

import struct
from typing import Final

from amqp import AMQPError, Message, spec
from amqp.method_framing import frame_writer
from amqp.serialization import dumps

from notifier.errors import InvalidEvent
from notifier.publishers.outgoing import Outgoing

CHANNEL: Final = 1
"""The number of the channel on every connection that publishes."""

# Most brokers allow larger frames; every broker takes these (AMQP 0-9-1 §4.2.3).
_FRAME_BYTES: Final = 4096

_METHOD_FRAME: Final = 1


def encode(message: Outgoing) -> bytes:
    """Return the frames of a mandatory ``basic.publish``.

    Raises:
        InvalidEvent: It does not fit AMQP 0-9-1.
    """
    frames = _Frames()
    write_frame = frame_writer(frames, frames)
    arguments = (0, message.exchange, message.routing_key, True, False)
    try:
        content = Message(
            message.body,
            application_headers=dict(message.headers),
            **message.properties,
        )
        method = dumps("Bssbb", arguments)
        write_frame(_METHOD_FRAME, CHANNEL, spec.Basic.Publish, method, content)
    except (AMQPError, AttributeError, TypeError, ValueError, struct.error) as err:
        # py-amqp lets through whatever struct and str.encode raise.
        raise InvalidEvent("message", f"does not fit AMQP: {err}") from err
    return bytes(frames.written)


class _Frames:
    """Stands in for the connection and the transport of py-amqp's frame writer."""

    frame_max = _FRAME_BYTES

    def __init__(self) -> None:
        self.bytes_sent = 0
        self.written = bytearray()

    def write(self, data: bytes) -> None:
        self.written += data
