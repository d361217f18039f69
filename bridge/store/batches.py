# SPDX-License-Identifier: Apache-2.0
"""Puts together what waits for batches, and takes those that are due; blocking.

Who is in a batch, and its id, are committed before anybody is told: a bridge that dies
leaves it as it is, and the next one sends the same.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Integer,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from bridge.model import Delivery, DeliveryId, Envelope, EventKey, Listener, State
from bridge.model.batch import Batching, Queued
from bridge.store.batch_rows import forget
from bridge.store.database import Database
from bridge.store.events import envelope_of
from bridge.store.lock import try_alone
from bridge.store.tables import batches, deliveries, events

MAX_ROWS: Final = 1000
"""So many deliveries are put together in one transaction, or one batch of them."""


@dataclass(frozen=True, slots=True)
class Formed:
    """A batch that this bridge has taken.

    Attributes:
        delivery: Stands for all that are in it.
        keys: Of their events, in the order in which they are told.
        is_new: Whether it was put together just now.
    """

    delivery: Delivery
    keys: Sequence[EventKey]
    is_new: bool


class BatchStore:
    """The batches of one database.

    Args:
        database: Which.
        owner: Names this bridge among those that share the database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def take(
        self, listener: Listener, limit: int, *, now: datetime, until: datetime
    ) -> list[Formed]:
        """Take batches of one listener: first those that were recorded, then new ones.

        Args:
            listener: Who takes batches.
            limit: How many at most.
            now: What is due before it.
            until: When others may take them, if nothing is heard of them.
        """
        terms = listener.callback.batch
        if terms is None:
            return []
        with self._database.write() as connection:
            if not try_alone(connection, f"batches of {listener.id}"):
                return []
            taken = self._retake(connection, listener, limit, (now, until))
            left = min(limit - len(taken), max(1, MAX_ROWS // terms.max_events))
            if left > 0:
                taken += self._form(connection, listener, left, (now, until), terms)
        return taken

    def envelopes(self, keys: Iterable[EventKey]) -> dict[EventKey, Envelope]:
        """Return the events of these keys; up to some hundred."""
        place = tuple_(events.c.source, events.c.id)
        query = select(events).where(place.in_(list(keys)))
        with self._database.read() as connection:
            found = connection.execute(query)
            return {(row.source, row.id): envelope_of(row) for row in found}

    def _retake(
        self,
        connection: Connection,
        listener: Listener,
        limit: int,
        times: tuple[datetime, datetime],
    ) -> list[Formed]:
        now, until = times
        asked = {"listener": listener.id, "now": now, "most": limit}
        taken = []
        for row in connection.execute(_RECORDED, asked).all():
            found = connection.execute(_KEYS, {"batch": row.id})
            keys = [(one.event_source, one.event_id) for one in found]
            if len(keys) != row.size:  # some have been told otherwise
                forget(connection, [row.id])
                continue
            held = {"batch": row.id, "until": until, "owner": self._owner}
            connection.execute(_HOLD, held)
            connection.execute(_HOLD_MEMBERS, held)
            known = {"attempts": row.attempts, "created_at": row.created_at}
            new = _delivery(listener, row.id, len(keys), times)
            taken.append(Formed(replace(new, **known), keys, is_new=False))
        return taken

    def _form(
        self,
        connection: Connection,
        listener: Listener,
        limit: int,
        times: tuple[datetime, datetime],
        terms: Batching,
    ) -> list[Formed]:
        now, until = times
        most = limit * terms.max_events
        asked = {"listener": listener.id, "now": now, "most": most}
        queue = [
            Queued(
                id=row.id,
                key=(row.event_source, row.event_id),
                size=row.size,
                due_at=row.due_at,
                place=(row.received_at, row.position),
            )
            for row in connection.execute(_WAITING, asked)
        ]
        formed: list[Formed] = []
        for batch in islice(terms.cut(queue, now), limit):
            batch_id = "bat_" + secrets.token_hex(16)
            held = {"batch": batch_id, "until": until, "owner": self._owner}
            members = [one.id for one in batch]
            connection.execute(_JOIN, {**held, "members": members})
            delivery = _delivery(listener, batch_id, len(batch), times)
            keys = [one.key for one in batch]
            formed.append(Formed(delivery, keys, is_new=True))
        if formed:
            rows = [_row(one.delivery, self._owner) for one in formed]
            connection.execute(insert(batches), rows)
        return formed


# In the statement itself: else a prepared one could not use the index of these.
_pending = deliveries.c.state == literal_column(f"'{State.PENDING.value}'")
_of_event = (events.c.source == deliveries.c.event_source) & (
    events.c.id == deliveries.c.event_id
)


# Built once: to build them takes longer than to have them executed.
_HELD: Final[dict[str, Any]] = {
    "due_at": bindparam("until"),
    "lease_owner": bindparam("owner"),
}
_HOLD: Final = update(batches).where(batches.c.id == bindparam("batch")).values(_HELD)
_HOLD_MEMBERS: Final = (
    update(deliveries)
    .where(deliveries.c.batch_id == bindparam("batch"), _pending)
    .values(_HELD)
)
_JOIN: Final = (
    update(deliveries)
    .where(deliveries.c.id.in_(bindparam("members", expanding=True)))
    .values(_HELD | {"batch_id": bindparam("batch")})
)

_RECORDED: Final = (
    select(batches)
    .where(batches.c.listener_id == bindparam("listener"))
    .where(batches.c.due_at <= bindparam("now"))
    .order_by(batches.c.due_at, batches.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
"""Those that are due."""

_KEYS: Final = (
    select(deliveries.c.event_source, deliveries.c.event_id)
    .join(events, _of_event)
    .where(deliveries.c.batch_id == bindparam("batch"), _pending)
    .order_by(events.c.received_at, events.c.position)
)
"""The events of one, in the order in which they are told."""

_WAITING: Final = (
    select(
        *(deliveries.c.id, deliveries.c.due_at),
        *(deliveries.c.event_source, deliveries.c.event_id),
        *(events.c.received_at, events.c.position),
        func.length(events.c.body).label("size"),
    )
    .join(events, _of_event)
    .where(_pending, deliveries.c.listener_id == bindparam("listener"))
    .where(deliveries.c.batch_id.is_(None), deliveries.c.due_at.is_not(None))
    .where(
        or_(deliveries.c.lease_owner.is_(None), deliveries.c.due_at <= bindparam("now"))
    )
    .order_by(deliveries.c.due_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(of=deliveries, skip_locked=True)
)
"""What waits for one, the longest first."""


def _delivery(
    listener: Listener, batch_id: str, size: int, times: tuple[datetime, datetime]
) -> Delivery:
    now, until = times
    return Delivery(
        id=DeliveryId(batch_id),
        listener_id=listener.id,
        project=listener.project,
        event_source="",
        event_id=batch_id,
        event_type="",
        execution_id="",
        state=State.PENDING,
        created_at=now,
        updated_at=now,
        due_at=until,
        batch_id=DeliveryId(batch_id),
        size=size,
    )


def _row(delivery: Delivery, owner: str) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "listener_id": delivery.listener_id,
        "project": delivery.project,
        "size": delivery.size,
        "attempts": 0,
        "due_at": delivery.due_at,
        "lease_owner": owner,
        "created_at": delivery.created_at,
    }
