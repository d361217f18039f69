# SPDX-License-Identifier: Apache-2.0
"""One connection to the broker and its consumer, driven by the event loop until lost.

The loop watches the socket and reads whenever there is something to read. Acks of one
turn of the loop leave together. Whatever goes wrong means: lost; the broker then takes
back what is not acked.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from bridge.intake.acks import acks
from bridge.intake.message import Message
from bridge.intake.readers import TAG, Reader
from bridge.waiting import wait

MAX_HANDED_ON: Final = 200  # then others on the loop have their turn

_log = logging.getLogger(__name__)


class Link:
    """A connection with one channel that consumes one queue.

    Args:
        connection: Of py-amqp, open.
        channel: Its bound of messages in flight is set.
        on_messages: Called with those that came together; never raises.
    """

    def __init__(
        self,
        connection: Any,  # noqa: ANN401 - py-amqp has no types
        channel: Any,  # noqa: ANN401 - py-amqp has no types
        on_messages: Callable[["Link", Sequence[Message]], None],
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._on_messages = on_messages
        self._descriptor: int = connection.sock.fileno()
        self._to_ack: list[int] = []
        self._handed_on = 0
        self._loop = asyncio.get_running_loop()
        self.lost: Final = asyncio.Event()

    def consume(self, queue: str, reader: Reader) -> None:
        """Begin; what the broker has to say against it comes as any other fault."""
        self._loop.add_reader(self._descriptor, self._readable)
        self._guarded(
            partial(reader, self._connection, self._channel, queue, self._hand_on)
        )
        self._loop.call_soon(self._readable)  # what came along with the last answer

    def cancel(self) -> None:
        """Ask for no more messages; some may still come."""
        self._guarded(partial(self._channel.basic_cancel, TAG, nowait=True))

    def ack(self, tag: int) -> None:
        """Ack a message, unless the broker has taken it back already."""
        if self.lost.is_set():
            return
        self._to_ack.append(tag)
        if len(self._to_ack) == 1:
            self._loop.call_soon(self._flush)

    async def watch(self) -> None:
        """Keep the heart beating; return once the connection is lost."""
        interval = max((self._connection.heartbeat or 0) / 2, 1)
        while not self.lost.is_set():
            await wait(self.lost, interval)
            self._guarded(self._connection.heartbeat_tick)

    async def close(self) -> None:
        """Send the last acks, take leave, let go; may be called twice."""
        self._flush()
        if not self.lost.is_set():
            self._let_go()
            await asyncio.to_thread(_close, self._connection)

    def _readable(self) -> None:
        if not self.lost.is_set():
            self._guarded(self._drain)

    def _drain(self) -> None:
        self._handed_on = 0
        try:
            while self._handed_on < MAX_HANDED_ON:
                self._connection.drain_events(timeout=0)
        except TimeoutError:
            return
        # TLS may have read on, so that the socket itself has nothing more to tell.
        self._loop.call_soon(self._readable)

    def _hand_on(self, messages: Sequence[Message]) -> None:
        self._handed_on += len(messages)
        self._on_messages(self, messages)

    def _flush(self) -> None:
        tags, self._to_ack = self._to_ack, []
        if tags and not self.lost.is_set():
            self._guarded(partial(self._send_acks, tags))

    def _send_acks(self, tags: list[int]) -> None:
        self._connection.transport.write(acks(self._channel.channel_id, tags))
        self._connection.bytes_sent += 1  # its heartbeats look at that

    def _guarded(self, action: Callable[[], object]) -> None:
        if self.lost.is_set():
            return
        try:
            action()
        except Exception as err:  # noqa: BLE001 - py-amqp's errors have no common root; all mean: lost
            _log.warning("the bus is lost", extra={"reason": describe(err)})
            self._let_go()
            self._loop.run_in_executor(None, self._connection.collect)

    def _let_go(self) -> None:
        self.lost.set()
        self._loop.remove_reader(self._descriptor)


def describe(err: BaseException) -> str:
    """Return an error in one line; py-amqp's have many, or none."""
    return (str(err).strip().splitlines() or [type(err).__name__])[0]


def _close(connection: Any) -> None:  # noqa: ANN401 - py-amqp has no types
    with suppress(Exception):  # a dead connection may say anything
        connection.close()
    connection.collect()
