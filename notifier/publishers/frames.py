# SPDX-License-Identifier: Apache-2.0
"""A message as the bytes that publish it.

They are made in the thread that publishes: what does not fit AMQP concerns nobody
else on the connection, and is sent again as it is after a reconnect. Every event pays
for this, so the form below is written out; py-amqp takes five times as long, and
remains the judge of it in the tests.

::

    frame        type:1 channel:2 size:4 payload end:1        (AMQP 0-9-1 §4.2.3)
    1 method     60 40, 0:2, exchange, routing key, bits (1 = mandatory)
    2 header     60, 0:2, body size:8, flags:2, properties in the order of their flags
    3 body       in as many frames as it takes
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from amqp import AMQPError
from amqp.serialization import dumps

from notifier.errors import InvalidEvent
from notifier.publishers.outgoing import Outgoing

CHANNEL: Final = 1
"""The number of the channel on every connection that publishes."""

# Most brokers allow larger frames; every broker takes these (AMQP 0-9-1 §4.2.3).
_FRAME_BYTES: Final = 4096
_PIECE_BYTES: Final = _FRAME_BYTES - 8

_FRAME: Final = struct.Struct(">BHI")
_HEADER: Final = struct.Struct(">HHQH")
_LONG: Final = struct.Struct(">I")
_METHOD, _CONTENT, _BODY = 1, 2, 3
_BASIC: Final = 60
_PUBLISH: Final = b"\x00\x3c\x00\x28\x00\x00"  # basic.publish and a reserved number
_MANDATORY: Final = b"\x01"
_END: Final = b"\xce"
_MAX_NAMES: Final = 256
_Property = tuple[str, int, Callable[[Any], bytes]]
_OCTETS: Final = tuple(bytes((number,)) for number in range(256))


def encode(message: Outgoing) -> bytes:
    """Return the frames of a mandatory ``basic.publish``.

    Raises:
        InvalidEvent: It does not fit AMQP 0-9-1.
    """
    body = message.body
    try:
        exchange, key = _short(message.exchange), _short(message.routing_key)
        method = b"".join((_PUBLISH, exchange, key, _MANDATORY))
        header = _header(message)
    except (AMQPError, AttributeError, TypeError, ValueError, struct.error) as err:
        # py-amqp lets through whatever struct and str.encode raise.
        raise InvalidEvent("message", f"does not fit AMQP: {err}") from err
    frames = [
        *(_FRAME.pack(_METHOD, CHANNEL, len(method)), method, _END),
        *(_FRAME.pack(_CONTENT, CHANNEL, len(header)), header, _END),
    ]
    for start in range(0, len(body), _PIECE_BYTES):
        piece = body[start : start + _PIECE_BYTES]
        frames += (_FRAME.pack(_BODY, CHANNEL, len(piece)), piece, _END)
    return b"".join(frames)


def _header(message: Outgoing) -> bytes:
    parts = [b""]
    flags = _HEADERS_FLAG | _add(parts, message.properties, _BEFORE)
    parts.append(_table(message.headers))
    flags |= _add(parts, message.properties, _BEHIND)
    parts[0] = _HEADER.pack(_BASIC, 0, len(message.body), flags)
    return b"".join(parts)


def _add(
    parts: list[bytes], properties: Mapping[str, Any], known: Sequence[_Property]
) -> int:
    """Add those that there are, and return their flags."""
    flags = 0
    for name, flag, write in known:
        value = properties.get(name)
        if value is not None:
            flags |= flag
            parts.append(write(value))
    return flags


def _short(text: str) -> bytes:
    data = text.encode()
    if len(data) >= len(_OCTETS):
        raise ValueError(f"a text of {len(data)} bytes; at most {len(_OCTETS) - 1}")
    return _OCTETS[len(data)] + data


def _table(values: Mapping[str, Any]) -> bytes:
    parts = [b""]
    for name, value in values.items():
        if type(value) is not str or type(name) is not str:  # what came is copied
            table: bytes = dumps("F", (dict(values),))
            return table
        data = value.encode()
        parts += (_text_called(name), _LONG.pack(len(data)), data)
    parts[0] = _LONG.pack(sum(map(len, parts)))
    return b"".join(parts)


@lru_cache(_MAX_NAMES)
def _text_called(name: str) -> bytes:
    return _short(name) + b"S"


# By py-amqp's names, in the order of AMQP 0-9-1 §1.8.3; headers stand between them.
_BEFORE: Final[Sequence[_Property]] = (
    ("content_type", 1 << 15, _short),
    ("content_encoding", 1 << 14, _short),
)
_HEADERS_FLAG: Final = 1 << 13
_BEHIND: Final[Sequence[_Property]] = (
    ("delivery_mode", 1 << 12, struct.Struct(">B").pack),
    ("priority", 1 << 11, struct.Struct(">B").pack),
    ("correlation_id", 1 << 10, _short),
    ("reply_to", 1 << 9, _short),
    ("expiration", 1 << 8, _short),
    ("message_id", 1 << 7, _short),
    ("timestamp", 1 << 6, struct.Struct(">Q").pack),
    ("type", 1 << 5, _short),
    ("user_id", 1 << 4, _short),
    ("app_id", 1 << 3, _short),
    ("cluster_id", 1 << 2, _short),
)
