# SPDX-License-Identifier: Apache-2.0
"""Reads what stands in a message's header frame (AMQP 0-9-1 §4.2.6.1).

::

    flags 2 bytes, one for each property that follows, in the order of `_PROPERTIES`
    short string   length 1 byte, UTF-8
    table          length 4 bytes; then names, short strings, and values: a letter and
                   what it says; S is a long string: length 4 bytes, UTF-8

Nearly all headers hold nothing but texts. Whatever else there may be is left to
py-amqp, which knows every type and takes ten times as long.
"""

from functools import lru_cache
from struct import Struct
from typing import Any, Final

from amqp.serialization import decode_properties_basic

from bridge.intake.message import parted

_LONG: Final = Struct(">I").unpack_from
_LONG_LONG: Final = Struct(">Q").unpack_from
_TEXT: Final = ord("S")

_SHORT_STRING, _OCTET, _TIMESTAMP, _TABLE = range(4)
_PROPERTIES: Final = (
    (0x8000, "content_type", _SHORT_STRING),
    (0x4000, "content_encoding", _SHORT_STRING),
    (0x2000, "application_headers", _TABLE),
    (0x1000, "delivery_mode", _OCTET),
    (0x0800, "priority", _OCTET),
    (0x0400, "correlation_id", _SHORT_STRING),
    (0x0200, "reply_to", _SHORT_STRING),
    (0x0100, "expiration", _SHORT_STRING),
    (0x0080, "message_id", _SHORT_STRING),
    (0x0040, "timestamp", _TIMESTAMP),
    (0x0020, "type", _SHORT_STRING),
    (0x0010, "user_id", _SHORT_STRING),
    (0x0008, "app_id", _SHORT_STRING),
    (0x0004, "cluster_id", _SHORT_STRING),
)


class _Odd(Exception):
    """Something that is left to py-amqp."""


def read_properties(raw: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return properties, by py-amqp's names, and headers.

    Args:
        raw: From the flags to the end of the frame.

    Raises:
        Exception: Whatever py-amqp raises on what nobody can read.
    """
    try:
        return _read(raw)
    except (_Odd, IndexError, ValueError, OverflowError):
        properties, _ = decode_properties_basic(raw, 0)
        known, headers = parted(properties)
        return known, dict(headers)


def _read(raw: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    flags = raw[0] << 8 | raw[1]
    properties: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    at = 2
    for flag, name, kind in _PROPERTIES:
        if not flags & flag:
            continue
        if kind == _SHORT_STRING:
            end = at + 1 + raw[at]
            properties[name] = raw[at + 1 : end].decode()
            at = end
        elif kind == _OCTET:
            properties[name] = raw[at]
            at += 1
        elif kind == _TIMESTAMP:
            (properties[name],) = _LONG_LONG(raw, at)
            at += 8
        else:
            headers, at = _table(raw, at)
    return properties, headers


def _table(raw: bytes, at: int) -> tuple[dict[str, Any], int]:
    at, limit = at + 4, at + 4 + _LONG(raw, at)[0]
    table = {}
    while at < limit:
        kind = at + 1 + raw[at]
        name = _name(raw[at + 1 : kind])
        if raw[kind] != _TEXT:
            raise _Odd
        at = kind + 5
        end = at + _LONG(raw, kind + 1)[0]
        table[name] = raw[at:end].decode()
        at = end
    return table, at


@lru_cache(1024)  # all events have the same few
def _name(raw: bytes) -> str:
    return raw.decode()
