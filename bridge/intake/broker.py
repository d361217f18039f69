# SPDX-License-Identifier: Apache-2.0
"""Receives events from the queue on the broker.

Connecting and declaring, which block, happen in a thread; all else on the event loop.
A message that is no event, or cannot be recorded, is set aside first and acked then.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bridge.errors import StoreError
from bridge.intake.asking import Reply, taken
from bridge.intake.frames import UNREADABLE, readable_key
from bridge.intake.link import Link, describe
from bridge.intake.message import Message
from bridge.intake.readers import Reader, lean
from bridge.intake.reading import Read, read_event
from bridge.intake.source import Received, Sink
from bridge.intake.suspects import Suspect, Suspects, fingerprint, is_suspect
from bridge.model import Envelope, Question
from bridge.waiting import wait
from notifier.errors import InvalidEvent, NotifierError

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_log = logging.getLogger(__name__)

SetAside = Callable[["Stray"], Awaitable[None]]
"""Keeps a message aside; returns once it is safe.

Raises NotifierError or StoreError when it could not be kept.
"""


@dataclass(frozen=True, slots=True)
class Stray:
    """A message that is no event, or none that can be recorded."""

    reason: str
    routing_key: str
    properties: Mapping[str, Any]
    headers: Mapping[str, Any]
    body: bytes


class BrokerSource:
    """The `Source` of RabbitMQ.

    Args:
        connect: Opens a connection of py-amqp and makes sure that the queue exists;
            may block.
        queue: Name of the queue.
        prefetch: So many messages are in flight at most.
        set_aside: Keeps what is no event, or cannot be recorded.
        reply: Brings replies to those who wait; None: nobody does.
        read: What events are written like here.
        reader: Takes the messages off the connection.
        suspects: Handles with care what came back again and again, and where order is
            kept also what comes behind it; None: nobody does.
        comes_back: All of it came back: it was in another queue before.
        keeps_order: Whether another consumer shall get what is not acked before what
            comes after it: then this one does not cancel, but let go of its connection.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        *,
        queue: str,
        prefetch: int,
        set_aside: SetAside,
        reply: Reply | None = None,
        read: Read = read_event,
        reader: Reader = lean,
        suspects: Suspects | None = None,
        comes_back: bool = False,
        keeps_order: bool = False,
    ) -> None:
        self._connect = connect
        self._queue = queue
        self._prefetch = prefetch
        self._set_aside = set_aside
        self._reply = reply
        self._read = read
        self._reader = reader
        self._suspects = suspects
        self._comes_back = comes_back
        self._keeps_order = keeps_order
        self._link: Link | None = None
        self._stopping = asyncio.Event()
        self._asides: set[asyncio.Task[None]] = set()

    @property
    def is_consuming(self) -> bool:
        """Whether events that arrive now would be handed on."""
        return (
            self._link is not None
            and not self._link.lost.is_set()
            and not self._stopping.is_set()
        )

    async def run(self, sink: Sink) -> None:
        """Hand events on until `stop`; connects again whenever that is needed."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            try:
                opened = await asyncio.to_thread(self._open)
            except Exception as err:  # noqa: BLE001 - py-amqp's errors have no common root; all mean: again
                reason = {"reason": describe(err), "next_try_seconds": pause}
                _log.warning("no bus", extra=reason)
                await wait(self._stopping, pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
            if opened is not None:
                pause = FIRST_PAUSE_SECONDS
                await self._consume(opened, sink)

    async def stop(self) -> None:
        """Hand on no more; the connection stays for acks."""
        self._stopping.set()
        if self._link is not None and not self._keeps_order:
            self._link.cancel()

    async def close(self) -> None:
        """Send the last acks and let go; the broker takes back what is not acked."""
        self._stopping.set()
        if self._suspects is not None:
            await self._suspects.close()
        if self._asides:
            await asyncio.wait(self._asides)
        if self._link is not None:
            await self._link.close()

    def _open(self) -> tuple[Any, Any] | None:
        """Return a connection and its channel; None when they are not needed any more."""
        connection = self._connect()
        try:
            channel = connection.channel()
            channel.auto_decode = False  # a body is passed on as it came
            channel.basic_qos(0, self._prefetch, False)  # noqa: FBT003 - py-amqp's own order
        except BaseException:
            connection.collect()
            raise
        if self._stopping.is_set():
            connection.collect()
            return None
        return connection, channel

    async def _consume(self, opened: tuple[Any, Any], sink: Sink) -> None:
        self._link = link = Link(*opened, partial(self._on_messages, sink))
        if self._stopping.is_set():
            await link.close()
            return
        link.consume(self._queue, self._reader)
        _log.info("consuming", extra={"queue": self._queue})
        await link.watch()

    def _on_messages(self, sink: Sink, link: Link, messages: Sequence[Message]) -> None:
        if self._stopping.is_set():
            return  # they were on their way; the broker takes them back
        suspects = self._suspects
        usual = []
        for message in messages:
            if suspects is not None and self._needs_care(suspects, message):
                # Its turn comes later, never before that of the others here.
                suspects.take(self._suspect(sink, link, message))
            else:
                usual.append(message)
        read = [_envelope_of(self._read, message) for message in usual]
        for message, envelope in zip(usual, read, strict=True):
            settle = partial(link.ack, message.tag)
            self._hand_on(sink, link, (message, envelope), settle)

    def _needs_care(self, suspects: Suspects, message: Message) -> bool:
        if self._keeps_order and suspects.is_busy:
            return True  # it would overtake them
        is_repeat = message.is_repeat or self._comes_back
        return is_repeat and is_suspect(message.headers)

    def _suspect(self, sink: Sink, link: Link, message: Message) -> Suspect:
        def settling(done: Callable[[], None]) -> Callable[[], None]:
            def settle() -> None:
                link.ack(message.tag)
                done()

            return settle

        return Suspect(
            fingerprint(
                # Elsewhere it is handled by others, under marks of their own.
                f"{self._queue}:{message.routing_key}"
                if self._keeps_order
                else message.routing_key,
                message.properties,
                message.body,
            ),
            is_gone=lambda: link.lost.is_set() or self._stopping.is_set(),
            handle=lambda done: self._handle(sink, link, message, settling(done)),
            convict=lambda reason, done: self._reject(
                link, message, settling(done), reason
            ),
        )

    def _handle(
        self, sink: Sink, link: Link, message: Message, settle: Callable[[], None]
    ) -> None:
        envelope = _envelope_of(self._read, message)
        self._hand_on(sink, link, (message, envelope), settle)

    def _hand_on(
        self,
        sink: Sink,
        link: Link,
        read: tuple[Message, Envelope | str],
        settle: Callable[[], None],
    ) -> None:
        message, envelope = read
        reject = partial(self._reject, link, message, settle)
        if isinstance(envelope, Envelope):
            question = self._question(message)
            is_repeat = message.is_repeat or self._comes_back
            sink(Received(envelope, is_repeat, settle, reject, question))
        else:
            reject(envelope)

    def _question(self, message: Message) -> Question | None:
        if self._reply is None:
            return None
        return taken(message.properties, message.headers, self._reply)

    def _reject(
        self, link: Link, message: Message, settle: Callable[[], None], reason: str
    ) -> None:
        stray = Stray(
            reason,
            readable_key(message.routing_key),
            message.properties,
            message.headers,
            message.body,
        )

        async def keep() -> None:
            while not link.lost.is_set():
                try:
                    await self._set_aside(stray)
                except (NotifierError, StoreError) as err:
                    reason = {"reason": describe(err)}
                    _log.warning("cannot set a message aside", extra=reason)
                else:
                    settle()
                    return
                if self._stopping.is_set():
                    return
                await wait(self._stopping, LONGEST_PAUSE_SECONDS)

        task = asyncio.get_running_loop().create_task(keep())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _envelope_of(read: Read, message: Message) -> Envelope | str:
    """Return the event that a message carries, or why it carries none."""
    key, headers = message.routing_key, message.headers
    if UNREADABLE in headers:
        return "properties: cannot be read"
    if not key.isascii() and _SURROGATE.search(key):
        return "routing_key: is not UTF-8"
    try:
        return read(message.properties, headers, message.body, key)
    except InvalidEvent as err:
        return str(err)
    except Exception as err:  # noqa: BLE001 - this message is at fault, the next one is not
        return f"cannot be read: {type(err).__name__}"
