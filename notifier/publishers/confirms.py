# SPDX-License-Identifier: Apache-2.0
"""One connection to the broker, with one channel in confirm mode.

Used by one thread at a time, but for `Confirms.wait`. The socket never blocks; only
`wait` waits, and `Confirms.close` for a moment.
"""

import math
import selectors
import ssl
import struct
import time
from contextlib import suppress
from typing import Any, Final, NoReturn, Protocol

import amqp
from amqp import spec
from amqp.serialization import loads

from notifier.publishers.failures import FAILURES, describe
from notifier.publishers.frames import CHANNEL
from notifier.publishers.unsent import Unsent

FAREWELL_SECONDS: Final = 0.25

_CHUNK_BYTES: Final = 256 * 1024
_INTERNAL_ERROR: Final = 541
_READ: Final = selectors.EVENT_READ
_WRITE: Final = selectors.EVENT_WRITE

# type octet, channel short, size long, payload, end octet (AMQP 0-9-1 §4.2.3)
_HEAD: Final = struct.Struct(">BHI")
_METHOD: Final = 1
_CHANNEL_CLOSE: Final = struct.pack(">HH", *spec.Channel.Close)

# Nearly all that the broker says is basic.ack: a number, and whether all up to it are
# meant. It is read here; py-amqp would take ten times as long for each.
_ACK: Final = struct.Struct(">QBB")
_ACK_START: Final = _HEAD.pack(_METHOD, CHANNEL, _ACK.size + 3) + struct.pack(
    ">HH", *spec.Basic.Ack
)

_NOT_NOW: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Lost(Exception):
    """The connection is gone, or there is none to be had."""


class Rejected(Exception):
    """The broker closed the channel because of a message.

    Attributes:
        code: AMQP's reply code, such as 404.
        is_lost: Whether the connection is gone, too; else the channel is open again.
    """

    def __init__(self, fault: str, *, code: int, is_lost: bool) -> None:
        super().__init__(fault)
        self.code = code
        self.is_lost = is_lost


class Answers(Protocol):
    """What the broker says of messages, by their number on the channel from 1 on."""

    def on_confirm(self, tag: int, *, multiple: bool) -> None:
        """One message, or all up to it, are safe."""

    def on_nack(self, tag: int, *, multiple: bool) -> None:
        """One message, or all up to it, are not."""

    def on_return(self, routing_key: str, message_id: str | None) -> None:
        """No queue took a message; it will be confirmed all the same."""


class Confirms:
    """A connection and its channel, both open.

    Args:
        connection: Of py-amqp.
        channel: In confirm mode.
        unsent: Attached to the connection.
        answers: Told what the broker says.
    """

    def __init__(
        self,
        connection: Any,  # noqa: ANN401 - py-amqp has no types
        channel: Any,  # noqa: ANN401 - py-amqp has no types
        *,
        unsent: Unsent,
        answers: Answers,
    ) -> None:
        self.is_blocked = False
        """Whether the broker said that it takes no messages for now."""
        self.heard_at = time.monotonic()
        """When the broker last said anything."""
        self._wrote_at = self.heard_at
        self._connection = connection
        self._channel = channel
        self._unread = bytearray()
        self._unsent = unsent
        self._unsent.is_direct = False
        self._socket = connection.sock
        self._socket.settimeout(0)
        self._selector: selectors.BaseSelector = getattr(
            selectors,
            "PollSelector",  # no descriptor of its own that a fork would share
            selectors.SelectSelector,
        )()
        self._selector.register(self._socket, _READ)
        self._wanted = _READ
        self._pending = getattr(self._socket, "pending", None)
        self._answers = answers
        self._listen(answers)

    @property
    def is_writing(self) -> bool:
        """Whether the socket has yet to take something."""
        return bool(self._unsent.waiting)

    def put(self, frames: bytes) -> None:
        """Have something written by the next `write`."""
        self._unsent.waiting += frames

    @property
    def has_unread(self) -> bool:
        """Whether TLS has taken something off the socket, which `wait` cannot see."""
        return self._pending is not None and bool(self._pending())

    def exchange(self, seconds: float) -> None:
        """Write what the socket takes, and read; wait up to so long for an answer.

        Raises:
            Lost: The connection is of no use any more.
            Rejected: The broker closed the channel or the connection.
        """
        self.write()
        self.read(is_readable=self.has_unread or self.wait(seconds))

    def write(self) -> None:
        """Write what the socket takes, and let the heart beat; never waits.

        Raises:
            Lost: The connection is of no use any more.
            Rejected: The broker closed the connection.
        """
        try:
            self._write()
        except FAILURES as err:
            raise _translated(err) from err

    def wait(self, seconds: float) -> bool:
        """Wait for something to read, or for room to write on; tell which it is.

        Meanwhile another thread may `put` and `write`. What a signal handler raises
        here is not the connection's.
        """
        wanted = _READ | _WRITE if self._unsent.waiting else _READ
        if wanted != self._wanted:
            self._selector.modify(self._socket, wanted)
            self._wanted = wanted
        return any(ready & _READ for _, ready in self._selector.select(seconds))

    def read(self, *, is_readable: bool) -> None:
        """Take in what the broker says; never waits.

        Raises:
            Lost: The connection is of no use any more.
            Rejected: The broker closed the channel or the connection.
        """
        try:
            self._read(is_readable=is_readable)
        except FAILURES as err:
            raise _translated(err) from err

    def close(self) -> None:
        """Take leave of the broker; blocks shortly, and never raises."""
        with suppress(Exception):  # it may have left first
            self._unsent.is_direct = True
            self._socket.settimeout(FAREWELL_SECONDS)
            self._connection.close()
        self.drop()

    def drop(self) -> None:
        """Let go of the connection without a word; never raises."""
        self._selector.close()
        with suppress(Exception):  # py-amqp's state may be anything
            self._connection.collect()

    def abandon(self) -> None:
        """Close a forked child's copy of the socket; the parent's works on."""
        self._socket.close()

    def _listen(self, answers: Answers) -> None:
        self._connection.on_blocked = lambda _reason: self._block(is_blocked=True)
        self._connection.on_unblocked = lambda: self._block(is_blocked=False)
        events = self._channel.events
        events["basic_nack"].add(
            lambda tag, multiple: answers.on_nack(tag, multiple=multiple)
        )
        events["basic_return"].add(
            lambda _error, _exchange, routing_key, message: answers.on_return(
                routing_key, message.properties.get("message_id")
            )
        )

    def _block(self, *, is_blocked: bool) -> None:
        self.is_blocked = is_blocked

    def _write(self) -> None:
        now = time.monotonic()
        interval = self._connection.heartbeat
        if interval and now - self._wrote_at > interval / 2:
            self._connection.send_heartbeat()
        if self._unsent.waiting:
            with suppress(*_NOT_NOW):
                sent = self._socket.send(bytes(self._unsent.waiting[:_CHUNK_BYTES]))
                del self._unsent.waiting[:sent]
                self._wrote_at = now

    def _read(self, *, is_readable: bool) -> None:
        if not is_readable:
            silence = time.monotonic() - self.heard_at
            if silence > 2 * (self._connection.heartbeat or math.inf):
                raise Lost("the broker's heartbeats stay away")
            return
        with suppress(*_NOT_NOW):
            data = self._socket.recv(_CHUNK_BYTES)
            if not data:
                raise Lost("the broker closed the connection")
            self.heard_at = time.monotonic()
            self._unread += data
        start = 0
        try:
            while (end := self._end_of_frame(start)) is not None:
                begin, start = start, end
                if self._unread.startswith(_ACK_START, begin):
                    tag, multiple, _ = _ACK.unpack_from(
                        self._unread, begin + len(_ACK_START)
                    )
                    self._answers.on_confirm(tag, multiple=bool(multiple))
                else:
                    self._take_in(bytes(self._unread[begin:end]))
        finally:
            del self._unread[:start]

    def _end_of_frame(self, start: int) -> int | None:
        """Return where the frame ends that begins there; None if it is cut off."""
        if len(self._unread) - start < _HEAD.size:
            return None
        size = int(_HEAD.unpack_from(self._unread, start)[2])
        if size > self._connection.frame_max:
            raise Lost("the broker does not speak AMQP")
        end = start + _HEAD.size + size + 1
        return end if end <= len(self._unread) else None

    def _take_in(self, frame: bytes) -> None:
        kind, channel, _ = _HEAD.unpack_from(frame)
        payload = frame[_HEAD.size : -1]
        if kind == _METHOD and channel and payload.startswith(_CHANNEL_CLOSE):
            self._reopen(payload)
        self._connection.on_inbound_frame((kind, channel, payload))

    def _reopen(self, payload: bytes) -> NoReturn:
        """Open the channel again; py-amqp would do so too, but wait for an answer."""
        (code, fault, *_), _ = loads("BsBB", payload, len(_CHANNEL_CLOSE))
        self._channel.send_method(spec.Channel.CloseOk)
        self._channel.send_method(spec.Channel.Open, "s", ("",))
        self._channel.confirm_select(nowait=True)
        raise Rejected(fault, code=code, is_lost=False)


def _translated(err: Exception) -> Lost | Rejected:
    if isinstance(err, amqp.IrrecoverableConnectionError):
        is_told = err.method_sig is not None and err.reply_code != _INTERNAL_ERROR
        if is_told:
            return Rejected(describe(err), code=err.reply_code, is_lost=True)
    return Lost(describe(err))
