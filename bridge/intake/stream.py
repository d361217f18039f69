# SPDX-License-Identifier: Apache-2.0
"""Takes the broker's messages out of what its socket brings; all else is py-amqp's.

Pure: bytes in, messages and frames out, in their order.

::

    frame   type 1 byte, channel 2 bytes, size 4 bytes, payload, 0xCE (AMQP 0-9-1 §4.2.3)
    deliver class 60, method 60, 2 bytes each, consumer tag, delivery tag 8 bytes,
            flag 1 byte, exchange, routing key; texts are short strings
    header  class, weight, 2 bytes each, body size 8 bytes, properties
    body    so many bytes, in no frame or many
"""

from collections.abc import Callable
from struct import Struct
from typing import Final

from amqp.exceptions import FrameSyntaxError, UnexpectedFrame

from bridge.intake.frames import UNREADABLE, Frame, escaped
from bridge.intake.message import Message, OnMessages
from bridge.intake.properties import read_properties

_FRAME: Final = Struct(">BHI").unpack_from
_LONG_LONG: Final = Struct(">Q").unpack_from
_BEFORE: Final = 7
_AROUND: Final = 8
_END: Final = 0xCE
_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER: Final = b"\x00\x3c\x00\x3c"
_BEFORE_PROPERTIES: Final = 12

OnFrame = Callable[[Frame], object]
"""Takes a frame that is no message's: py-amqp's."""


class Stream:
    """What one connection brings, from the moment that nothing is half read.

    Args:
        channel: Whose messages are wanted.
        on_messages: Takes those that became whole together, in their order: whoever does
            one thing to all of them, then the next, takes two thirds of the time.
        on_frame: Takes every other frame.
    """

    def __init__(
        self, channel: int, on_messages: OnMessages, on_frame: OnFrame
    ) -> None:
        self._channel = channel
        self._on_messages = on_messages
        self._whole: list[Message] = []
        self._on_frame = on_frame
        self._rest = b""
        self._deliver: bytes | None = None
        self._properties: bytes | None = None
        self._parts: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> int:
        """Take what came, and return how many frames have become whole by it.

        Raises:
            FrameSyntaxError: It is no AMQP.
            UnexpectedFrame: A message is broken off.
        """
        if self._rest:
            data = self._rest + data
        at, end_of_data, frames = 0, len(data), 0
        while end_of_data - at >= _AROUND:
            kind, channel, size = _FRAME(data, at)
            end = at + _BEFORE + size
            if end >= end_of_data:
                break
            if data[end] != _END:
                raise FrameSyntaxError("a frame of the broker does not end as one")
            payload = data[at + _BEFORE : end]
            if channel == self._channel and self._is_ours(kind, payload):
                self._take(kind, payload)
            else:
                self._hand_on()
                self._on_frame((kind, channel, payload))
            at = end + 1
            frames += 1
        self._rest = data[at:] if at else data
        self._hand_on()
        return frames

    def _hand_on(self) -> None:
        whole, self._whole = self._whole, []
        if whole:
            self._on_messages(whole)

    def _is_ours(self, kind: int, payload: bytes) -> bool:
        return self._deliver is not None or (
            kind == _METHOD and payload.startswith(_DELIVER)
        )

    def _take(self, kind: int, payload: bytes) -> None:
        if self._deliver is None:
            self._deliver = payload
        elif self._properties is None and kind == _HEADER:
            self._properties = payload[_BEFORE_PROPERTIES:]
            (self._missing,) = _LONG_LONG(payload, 4)
            if not self._missing:
                self._complete(b"")
        elif self._properties is not None and kind == _BODY:
            self._missing -= len(payload)
            if self._parts or self._missing > 0:
                self._parts.append(payload)
                payload = b"" if self._missing > 0 else b"".join(self._parts)
            if self._missing <= 0:
                self._complete(payload)
        else:
            raise UnexpectedFrame(f"a frame of type {kind} in the middle of a message")

    def _complete(self, body: bytes) -> None:
        deliver, raw = self._deliver, self._properties
        self._deliver, self._properties = None, None
        self._parts = []
        if deliver is None or raw is None:
            raise AssertionError  # a body comes after both
        at = 5 + deliver[4]
        (tag,) = _LONG_LONG(deliver, at)
        key_at = at + 10 + deliver[at + 9]
        key = deliver[key_at + 1 : key_at + 1 + deliver[key_at]]
        try:
            properties, headers = read_properties(raw)
        except Exception:  # noqa: BLE001 - py-amqp lets through whatever struct and str.decode raise
            properties, headers = {}, {UNREADABLE: True}
        self._whole.append(
            Message(
                tag, bool(deliver[at + 8] & 1), _text(key), properties, headers, body
            )
        )


def _text(key: bytes) -> str:
    try:
        return key.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return escaped(key).decode()
