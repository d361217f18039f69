# SPDX-License-Identifier: Apache-2.0
"""Receives events from the queue on the broker, driven by the event loop.

The loop watches kombu's socket and drains it whenever there is something to read;
connecting and declaring, which block, happen in a thread. Acks of one turn of the loop
leave together. A message that is no event is set aside first and acked then.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from kombu.connection import Connection

from bridge.intake.source import Received, Sink
from bridge.model import Envelope
from notifier import wire
from notifier.errors import InvalidEvent, PublishError

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0
MAX_DRAINED: Final = 200  # then others on the loop have their turn

_log = logging.getLogger(__name__)

SetAside = Callable[["Stray"], Awaitable[None]]
"""Keeps a message that is no event; returns once it is safe.

Raises PublishError when it could not be kept.
"""


@dataclass(frozen=True, slots=True)
class Stray:
    """A message that is no event."""

    reason: str
    routing_key: str
    properties: Mapping[str, Any]
    headers: Mapping[str, Any]
    body: bytes


@dataclass(slots=True, eq=False)
class _Link:
    """One connection, from its consumer's start until it is lost."""

    connection: Connection
    channel: Any
    descriptor: int
    tag: str | None = None
    to_ack: list[int] = field(default_factory=list)
    lost: asyncio.Event = field(default_factory=asyncio.Event)


class BrokerSource:
    """The `Source` of RabbitMQ.

    Args:
        connect: Opens a connection and makes sure that the queue exists; may block.
        queue: Name of the queue.
        prefetch: So many messages are in flight at most.
        set_aside: Keeps what is no event.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        queue: str,
        prefetch: int,
        set_aside: SetAside,
    ) -> None:
        self._connect = connect
        self._queue = queue
        self._prefetch = prefetch
        self._set_aside = set_aside
        self._link: _Link | None = None
        self._stopping = asyncio.Event()
        self._asides: set[asyncio.Task[None]] = set()

    @property
    def is_consuming(self) -> bool:
        """Whether events that arrive now would be handed on."""
        return self._link is not None and not self._stopping.is_set()

    async def run(self, sink: Sink) -> None:
        """Hand events on until `stop`; connects again whenever that is needed."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            try:
                connection = await asyncio.to_thread(self._connect)
                self._link = link = self._consume(connection, sink)
            except Exception as err:  # noqa: BLE001 - kombu's errors have no common root; all mean: again
                _log.warning("no bus: %s; next try in %.1f s", _line(err), pause)
                await self._sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
            _log.info("consuming", extra={"queue": self._queue})
            pause = FIRST_PAUSE_SECONDS
            await self._watch(link)

    async def stop(self) -> None:
        """Hand on no more; the connection stays for acks."""
        self._stopping.set()
        if self._link is not None and self._link.tag is not None:
            with suppress(Exception):  # a dead connection may say anything
                self._link.channel.basic_cancel(self._link.tag, nowait=True)

    async def close(self) -> None:
        """Send the last acks and let go; the broker takes back what is not acked."""
        if self._asides:
            await asyncio.wait(self._asides)
        link = self._link
        if link is not None:
            self._flush(link)
            self._drop(link)
            await asyncio.to_thread(_close, link.connection)

    def _consume(self, connection: Connection, sink: Sink) -> _Link:
        channel: Any = connection.default_channel
        link = _Link(connection, channel, connection.connection.sock.fileno())
        channel.basic_qos(0, self._prefetch, False)  # noqa: FBT003 - py-amqp's own order
        on_message = partial(self._on_message, link, sink)
        link.tag = channel.basic_consume(self._queue, callback=on_message, no_ack=False)
        loop = asyncio.get_running_loop()
        loop.add_reader(link.descriptor, self._readable, link)
        loop.call_soon(self._readable, link)  # what came along with the last answer
        return link

    async def _watch(self, link: _Link) -> None:
        """Keep the connection's heart beating until it is lost."""
        interval = max((link.connection.get_heartbeat_interval() or 0) / 2, 1)
        while not link.lost.is_set():
            try:
                await asyncio.wait_for(link.lost.wait(), interval)
            except TimeoutError:
                if not self._stopping.is_set():
                    self._guarded(link, link.connection.heartbeat_check)

    def _readable(self, link: _Link) -> None:
        if not link.lost.is_set():
            self._guarded(link, partial(_drain, link.connection))

    def _guarded(self, link: _Link, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as err:  # noqa: BLE001 - kombu's errors have no common root; all mean: lost
            _log.warning("the bus is lost: %s", _line(err))
            self._drop(link)
            asyncio.get_running_loop().run_in_executor(None, _close, link.connection)

    def _drop(self, link: _Link) -> None:
        if not link.lost.is_set():
            link.lost.set()
            asyncio.get_running_loop().remove_reader(link.descriptor)
        if self._link is link:
            self._link = None

    def _on_message(self, link: _Link, sink: Sink, message: Any) -> None:  # noqa: ANN401 - py-amqp has no types
        body = message.body
        body = body.encode() if isinstance(body, str) else bytes(body)
        info = message.delivery_info
        settle = partial(self._ack, link, message.delivery_tag)
        key = info["routing_key"]
        properties = dict(message.properties)
        headers = properties.pop("application_headers", None) or {}
        try:
            event = wire.from_amqp(properties, headers, body, key)
        except InvalidEvent as err:
            stray = Stray(str(err), key, properties, headers, body)
            self._keep_aside(link, stray, settle)
            return
        sink(Received(Envelope(event, body, key), bool(info["redelivered"]), settle))

    def _keep_aside(
        self, link: _Link, stray: Stray, settle: Callable[[], None]
    ) -> None:
        async def keep() -> None:
            while not link.lost.is_set():
                try:
                    await self._set_aside(stray)
                except PublishError as err:
                    _log.warning("cannot set a message aside: %s", err)
                    await asyncio.sleep(LONGEST_PAUSE_SECONDS)
                else:
                    settle()
                    return

        _log.warning("set aside: %s", stray.reason)
        task = asyncio.get_running_loop().create_task(keep())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    def _ack(self, link: _Link, tag: int) -> None:
        if link.lost.is_set():
            return  # the broker has taken it back already
        link.to_ack.append(tag)
        if len(link.to_ack) == 1:
            asyncio.get_running_loop().call_soon(self._flush, link)

    def _flush(self, link: _Link) -> None:
        tags, link.to_ack = link.to_ack, []
        if tags and not link.lost.is_set():
            self._guarded(link, partial(_ack_all, link.channel, tags))

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _drain(connection: Connection) -> None:
    try:
        for _ in range(MAX_DRAINED):
            connection.drain_events(timeout=0)
    except TimeoutError:
        return


def _ack_all(channel: Any, tags: list[int]) -> None:  # noqa: ANN401 - py-amqp has no types
    for tag in tags:
        channel.basic_ack(tag)


def _close(connection: Connection) -> None:
    with suppress(Exception):  # a dead connection may say anything
        connection.close()


def _line(err: BaseException) -> str:
    return (str(err).strip().splitlines() or [type(err).__name__])[0]
