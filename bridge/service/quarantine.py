# SPDX-License-Identifier: Apache-2.0
"""Keeps messages aside that are no events, and brings them back.

With a broker they go to its quarantine first, as copies with the reason: that is safe
while the database is away, and others may look too. A bridge takes them from there into
the table that people look at.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from bridge.callbacks.amqp import Sender
from bridge.intake.broker import BrokerSource, SetAside, Stray
from bridge.intake.readers import Reader
from bridge.intake.reading import REASON, REQUEUED, given_up_by, read_quarantined
from bridge.intake.suspects import Suspects
from bridge.model import Envelope, Quarantined
from bridge.service.stores import Stores
from bridge.store.quarantine import QuarantineStore, new_id
from bridge.telemetry import Telemetry
from notifier import topology
from notifier.publishers.outgoing import Outgoing

MAX_HEADERS_CHARS: Final = 32 * 1024
"""A copy of a stray has no more: with the reason, they must fit into one frame."""

PREFETCH: Final = 100

# The broker would let the copy expire, or refuse it for its user's name.
_NOT_COPIED: Final = ("expiration", "user_id")
# What happened to it before would be taken for what happens to the copy.
_PAST: Final = ("x-death", "x-first-death-", REQUEUED)

_log = logging.getLogger(__name__)


def keeper(sender: Sender, timeout: timedelta, telemetry: Telemetry) -> SetAside:
    """Return what publishes copies to the quarantine, confirmed."""

    async def set_aside(stray: Stray) -> None:
        await asyncio.to_thread(sender.send, [_copy(stray)], timeout=timeout)
        telemetry.quarantined(stray.reason)

    return set_aside


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where messages are kept that were set aside, and what is handled with care.

    Attributes:
        in_order: What is to be numbered.
    """

    store: QuarantineStore
    suspects: Suspects
    in_order: Suspects
    now: Callable[[], datetime]


def shelf_of(stores: Stores) -> Shelf:
    """Return that of a bridge."""
    now = stores.clock.now
    suspects = partial(Suspects, stores.suspects, stores.executor, now)
    return Shelf(stores.quarantine, suspects(), suspects(in_order=True), now)


def shelving(connect: Callable[[], Any], shelf: Shelf, reader: Reader) -> BrokerSource:
    """Return what takes the quarantine's queue into its table.

    What the broker gave up delivering is handled after all, with care, and so is what
    shall be handled once more.
    """

    async def shelve(stray: Stray) -> None:
        one = Quarantined(
            id=new_id(),
            reason=stray.reason,
            routing_key=stray.routing_key,
            properties=stray.properties,
            headers={k: v for k, v in stray.headers.items() if k != REASON},
            body=stray.body,
            taken_at=shelf.now(),
        )
        await asyncio.to_thread(shelf.store.add, one)

    return BrokerSource(
        connect,
        queue=topology.QUARANTINE_QUEUE,
        prefetch=PREFETCH,
        set_aside=shelve,
        read=_Reading().read,
        reader=reader,
        suspects=shelf.suspects,
        comes_back=True,
    )


class _Reading:
    """Reads the quarantine, and says once of which queues a limit drops messages."""

    def __init__(self) -> None:
        self._limited: set[str] = set()

    def read(
        self,
        properties: Mapping[str, Any],
        headers: Mapping[str, Any],
        body: bytes,
        key: str,
    ) -> Envelope:
        queue = given_up_by(headers)
        if queue is not None and queue not in self._limited:
            self._limited.add(queue)
            _log.warning(
                "a policy's delivery-limit drops messages; they are taken back",
                extra={"queue": queue},
            )
        return read_quarantined(properties, headers, body, key)


def requeuer(sender: Sender, timeout: timedelta) -> Callable[[Quarantined], None]:
    """Return what brings a message to the bridges once more, and to nobody else."""
    return partial(_requeue, sender, timeout)


def _requeue(sender: Sender, timeout: timedelta, one: Quarantined) -> None:
    again = Outgoing(
        exchange="",
        routing_key=topology.QUARANTINE_QUEUE,
        body=one.body,
        properties=_kept(one.properties),
        headers={**_without_past(one.headers), REQUEUED: one.routing_key},
        key="",
        id=str(one.properties.get("message_id", "")),
    )
    sender.send([again], timeout=timeout)


def _copy(stray: Stray) -> Outgoing:
    """Return what is kept of a stray message."""
    is_large = len(repr(stray.headers)) > MAX_HEADERS_CHARS
    headers = {} if is_large else _without_past(stray.headers)
    return Outgoing(
        exchange=topology.DEAD_EXCHANGE,
        routing_key=stray.routing_key,
        body=stray.body,
        properties=_kept(stray.properties),
        headers={**headers, REASON: stray.reason},
        key="",
        id=str(stray.properties.get("message_id", "")),
    )


def _kept(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in properties.items() if k not in _NOT_COPIED}


def _without_past(headers: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in headers.items() if not str(k).startswith(_PAST)}
