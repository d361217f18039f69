# SPDX-License-Identifier: Apache-2.0
"""Reads the broker's frames, also those of messages whose text is not UTF-8.

py-amqp's own reader fails on these and leaves the connection unusable: one such
message, which anybody may publish, would come again and again for ever.

::

    method  class and method 4 bytes, consumer tag, delivery tag 8 bytes, flag 1 byte,
            exchange, routing key; texts are short strings: length 1 byte, UTF-8
    header  class, weight, body size 12 bytes, properties
    body    so many bytes, in no frame or many
"""

from collections.abc import Callable
from typing import Any, Final

from amqp import Message
from amqp.method_framing import frame_handler

UNREADABLE: Final = "unreadable"
"""Header of a message whose own headers and properties cannot be read."""

_HEADER_FRAME: Final = 2
_BEFORE_PROPERTIES: Final = 12
_TAG_AND_FLAG: Final = 9
_SHORT_STRING: Final = 255

Frame = tuple[int, int, bytes]
"""Type, channel, payload."""

OnMethod = Callable[[int, tuple[int, int], bytes, Any], None]


def tolerant(connection: Any, on_method: OnMethod) -> Callable[[Frame], bool]:  # noqa: ANN401 - py-amqp has no types
    """Return what reads a connection's frames; py-amqp's ``frame_handler``."""

    def on_readable_method(
        channel: int,
        method: tuple[int, int],
        payload: bytes,
        content: Any,  # noqa: ANN401 - py-amqp has no types
    ) -> None:
        try:
            on_method(channel, method, payload, content)
        except UnicodeDecodeError:
            on_method(channel, method, _readable(payload), content)

    read: Callable[[Frame], bool] = frame_handler(connection, on_readable_method)

    def on_frame(frame: Frame) -> bool:
        try:
            return read(frame)
        except Exception:  # py-amqp lets through whatever struct and str.decode raise
            kind, channel, payload = frame
            if kind != _HEADER_FRAME:
                raise
            start = bytes(payload[:_BEFORE_PROPERTIES])
            return read((kind, channel, start + _nothing_but_a_mark()))

    return on_frame


def readable_key(key: str) -> str:
    """Return a routing key as Unicode that fits a short string, for people to read."""
    return escaped(key.encode("utf-8", "surrogatepass")).decode(errors="ignore")


def _nothing_but_a_mark() -> bytes:
    mark = Message(application_headers={UNREADABLE: True})
    return bytes(mark._serialize_properties())  # noqa: SLF001 - no public name, and the format is intricate


def _readable(deliver: bytes) -> bytes:
    """Return a ``basic.deliver`` with names that are UTF-8."""
    payload = bytes(deliver)
    position = 4
    position += 1 + payload[position] + _TAG_AND_FLAG
    names = []
    for _ in ("exchange", "routing key"):
        end = position + 1 + payload[position]
        name = escaped(payload[position + 1 : end])
        names.append(bytes([len(name)]) + name)
        position = end
    first = 4 + 1 + payload[4] + _TAG_AND_FLAG
    return payload[:first] + b"".join(names)


def escaped(name: bytes) -> bytes:
    """Return a name in UTF-8, what is none written out, that fits a short string."""
    text = name.decode("utf-8", "backslashreplace").encode()[:_SHORT_STRING]
    return text.decode(errors="ignore").encode()
