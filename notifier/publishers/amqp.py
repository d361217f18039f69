# SPDX-License-Identifier: Apache-2.0
"""Publishes to a broker that speaks AMQP 0-9-1, confirmed.

Safe to share between threads, and after `os.fork`: a child opens connections of its
own and leaves its parent's alone. Messages of one key arrive in the order in which one
thread hands them over; after a lost connection some may arrive twice.
"""

import os
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final, Literal, Self
from zlib import crc32

from notifier.errors import PublishError, Unreachable, Unroutable
from notifier.event import Event
from notifier.publishers.dial import Dialer
from notifier.publishers.frames import encode
from notifier.publishers.lines import Lines
from notifier.publishers.link import Link
from notifier.publishers.outgoing import Outgoing
from notifier.tls import NO_FILES, Tls
from notifier.topology import BRIDGE_QUEUE, EXCHANGE, QueueType, declare
from notifier.verdict import Answer
from notifier.wire.call import decode_reply

__all__ = ["AmqpPublisher", "Outgoing"]

DEFAULT_HEARTBEAT: Final = timedelta(seconds=60)


class AmqpPublisher:
    """The `Publisher` for RabbitMQ, and its `Caller`.

    Connections are opened when they are needed, one pool for each exchange, so that
    trouble with one exchange holds up no other. The first declares what is missing.

    Args:
        url: ``amqp://user:password@host:5672/vhost`` or ``amqps://…``; several nodes
            of one cluster are separated by ``;``.
        exchange: Durable topic exchange for events.
        tls: Of an ``amqps://`` URL.
        bridge_queue: Kept for the bridge from the start, so that it misses nothing;
            None for none.
        queue_type: Of that queue, if it does not exist yet.
        pool_size: Connections for each exchange; one execution's events keep to one.
        on_unroutable: Whether an event that no queue takes is an error of `publish`,
            or of no concern.
        heartbeat: Asked of the broker; an idle connection that it closes is opened
            again with the next message. Zero for none.

    Raises:
        SettingsError: The URL is none of a broker, or none for TLS though `tls` is set.

    Example::

        with AmqpPublisher("amqp://guest:guest@127.0.0.1/") as publisher:
            publisher.publish([event], timeout=timedelta(seconds=5))
    """

    def __init__(
        self,
        url: str,
        *,
        exchange: str = EXCHANGE,
        tls: Tls = NO_FILES,
        bridge_queue: str | None = BRIDGE_QUEUE,
        queue_type: QueueType = "quorum",
        pool_size: int = 1,
        on_unroutable: Literal["raise", "ignore"] = "raise",
        heartbeat: timedelta = DEFAULT_HEARTBEAT,
    ) -> None:
        prepare = partial(
            declare, exchange=exchange, bridge_queue=bridge_queue, queue_type=queue_type
        )
        self._exchange = exchange
        self._pool_size = pool_size
        self._ignores_unroutable = on_unroutable == "ignore"
        self._dialer = Dialer(url, tls=tls, heartbeat=heartbeat, prepare=prepare)
        self._lines = Lines(self._dialer)
        self._other_dialer = Dialer(url, tls=tls, heartbeat=heartbeat, prepare=_nothing)
        # By process: what a child inherits is not its own.
        self._links: dict[int, dict[tuple[str, int], Link]] = {}
        self._is_closed = False

    def publish(
        self, events: Sequence[Event], *, timeout: timedelta, tries: int | None = None
    ) -> None:
        """Return once the bus has taken every event for good (see `Publisher`).

        Args:
            events: To be published.
            timeout: Goes before `tries`.
            tries: How often to try for a connection, where there is none; at least 1.
                None: until the time is up.
        """
        deadline = time.monotonic() + timeout.total_seconds()
        messages = [Outgoing.of(event, self._exchange) for event in events]
        outcomes = self._attempt(messages, deadline, tries)
        if outcomes == [None]:
            return
        if self._ignores_unroutable:
            outcomes = [None if isinstance(o, Unroutable) else o for o in outcomes]
        _raise_for(outcomes)

    def call(self, event: Event, *, timeout: timedelta) -> tuple[Answer, ...] | None:
        """Return what those listeners said who were waited for (see `Caller`).

        Takes a connection of its own while it waits.
        """
        deadline = time.monotonic() + timeout.total_seconds()
        message = Outgoing.of(event, self._exchange)
        try:
            reply = self._lines.ask(message, deadline)
        except Unroutable:
            if self._ignores_unroutable:
                return None
            raise
        return None if reply is None else decode_reply(reply)

    def send(self, messages: Sequence[Outgoing], *, timeout: timedelta) -> None:
        """Return once a queue has taken every message for good.

        Their exchanges must exist. Order, blocking and errors are those of `publish`.

        Raises:
            InvalidEvent: One of them does not fit AMQP; none was sent.
            PublishError: As `publish` says it.
        """
        _raise_for(self.attempt(messages, timeout=timeout))

    def attempt(
        self, messages: Sequence[Outgoing], *, timeout: timedelta
    ) -> list[PublishError | None]:
        """Return, instead of raising, what went wrong with each message.

        Raises:
            InvalidEvent: One of them does not fit AMQP; none was sent.
        """
        return self._attempt(messages, time.monotonic() + timeout.total_seconds())

    def close(self) -> None:
        """Let go of the connections. Blocks shortly; may be called twice."""
        self._is_closed = True
        for link in list(self._pool().values()):
            link.close()
        self._lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._exchange} at {self._dialer.brokers}>"

    def _attempt(
        self,
        messages: Sequence[Outgoing],
        deadline: float,
        tries: int | None = None,
    ) -> list[PublishError | None]:
        encoded = [(message, encode(message)) for message in messages]
        if self._is_closed:
            return [Unreachable("the publisher is closed", [m.id]) for m in messages]
        if len(messages) == 1:
            return self._link(messages[0]).deliver(encoded, deadline, tries)
        places: dict[Link, list[int]] = {}
        for place, message in enumerate(messages):
            places.setdefault(self._link(message), []).append(place)
        errors: list[PublishError | None] = [None] * len(messages)
        for link, mine in places.items():
            outcome = link.deliver([encoded[place] for place in mine], deadline, tries)
            for place, error in zip(mine, outcome, strict=True):
                errors[place] = error
        return errors

    def _link(self, message: Outgoing) -> Link:
        pool = self._pool()
        is_one = self._pool_size == 1
        place = 0 if is_one else crc32(message.key.encode()) % self._pool_size
        name = (message.exchange, place)
        link = pool.get(name)
        if link is None:
            is_ours = message.exchange == self._exchange
            dialer = self._dialer if is_ours else self._other_dialer
            link = pool.setdefault(name, Link(dialer, is_prepared=is_ours))
            if self._is_closed:
                link.close()  # `close` may have missed it
        return link

    def _pool(self) -> dict[tuple[str, int], Link]:
        """Return this process's links. No lock: a child may inherit it locked."""
        process = os.getpid()
        pool = self._links.get(process)
        if pool is None:
            pool = self._links.setdefault(process, {})
            for other in [one for one in self._links if one != process]:
                for link in self._links.pop(other, {}).values():
                    link.abandon()
        return pool


def _nothing(_: object) -> None:
    """Prepare nothing: who names another exchange has declared it."""


def _raise_for(outcomes: Sequence[PublishError | None]) -> None:
    """Raise one error for all that went wrong, of their common kind if there is one."""
    errors = [error for error in outcomes if error is not None]
    if not errors:
        return
    kinds: dict[type[PublishError], str] = {}
    for error in errors:
        kinds.setdefault(type(error), str(error))
    text = "; ".join(kinds.values())
    if len(errors) > len(kinds):
        text += f" (and {len(errors) - len(kinds)} more)"
    kind = type(errors[0]) if len(kinds) == 1 else PublishError
    raise kind(text, [each for error in errors for each in error.event_ids])
