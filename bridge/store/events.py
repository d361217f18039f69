# SPDX-License-Identifier: Apache-2.0
"""Events in SQL: taken in where no broker keeps them, found again; blocking."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, insert, select, tuple_

from bridge.errors import Conflict, NotFound
from bridge.model import Envelope, EventKey
from bridge.store.database import Database
from bridge.store.tables import events
from notifier import wire

_CHUNK: Final = 10_000


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is kept; `position` grows in the order of arrival."""

    position: int
    envelope: Envelope
    received_at: datetime


class EventStore:
    """The events of one database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(
        self, envelopes: Sequence[Envelope], now: datetime
    ) -> Collection[EventKey]:
        """Keep events that wait to be routed; those that are known already, once.

        Returns:
            Source and id of those that were known.

        Raises:
            Conflict: One is known with another body; none was kept.
        """
        fresh = {envelope.key: envelope for envelope in envelopes}
        with self._database.write() as connection:
            known = _known(connection, envelopes)
            for key in known:
                fresh.pop(key, None)
            if fresh:
                rows = [event_row(e, now, queued=True) for e in fresh.values()]
                connection.execute(insert(events), rows)
        return known

    def check(self, envelopes: Sequence[Envelope]) -> None:
        """Make sure that none is known with another body.

        Raises:
            Conflict: One is.
        """
        with self._database.read() as connection:
            _known(connection, envelopes)

    def get(self, project: str | None, event_id: str) -> StoredEvent:
        """Return the latest event of this id; of any project where that is None.

        Raises:
            NotFound: There is none, or it is another project's.
        """
        query = select(events).where(events.c.id == event_id)
        if project is not None:
            query = query.where(events.c.project == project)
        query = query.order_by(events.c.position.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("event", event_id)
        return stored_of(row)

    def queued(self, limit: int, *, beside: Collection[int] = ()) -> list[StoredEvent]:
        """Return up to `limit` events that wait to be routed, the oldest first.

        Args:
            limit: At least 1.
            beside: Positions of those that are left out.
        """
        query = (
            select(events)
            .where(events.c.queued, events.c.position.not_in(beside))
            .order_by(events.c.position)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [stored_of(row) for row in connection.execute(query)]

    def latest(self, limit: int, *, since: datetime) -> list[tuple[EventKey, datetime]]:
        """Return the latest events that came in since then, the oldest first."""
        found: list[tuple[EventKey, datetime]] = []
        below: int | None = None
        with self._database.read() as connection:
            while len(found) < limit:
                size = min(_CHUNK, limit - len(found))
                rows = connection.execute(_latest(size, below)).all()
                fresh = [row for row in rows if row.received_at >= since]
                found += [((row.source, row.id), row.received_at) for row in fresh]
                if len(fresh) < size:
                    break
                below = rows[-1].position
        return found[::-1]

    def last_position(self) -> int:
        """Return the position of the latest event; 0 where there is none."""
        with self._database.read() as connection:
            return connection.scalar(select(func.max(events.c.position))) or 0

    def end_of_oldest(self, count: int) -> int:
        """Return the last position of so many that wait the longest; 0: none waits."""
        oldest = (
            select(events.c.position)
            .where(events.c.queued)
            .order_by(events.c.position)
            .limit(count)
            .subquery()
        )
        with self._database.read() as connection:
            return connection.scalar(select(func.max(oldest.c.position))) or 0


def event_row(envelope: Envelope, now: datetime, *, queued: bool) -> dict[str, Any]:
    """Return an event's columns."""
    event = envelope.event
    return {
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "project": event.project,
        "execution_id": event.execution_id,
        "routing_key": envelope.routing_key,
        "time": event.time,
        "received_at": now,
        "attributes": dict(event.attributes),
        "body": envelope.body,
        "queued": queued,
    }


def envelope_of(row: Row[Any]) -> Envelope:
    """Return the event that a row of `events` holds."""
    event = wire.from_amqp({}, headers_of(row), row.body)
    return Envelope(event, row.body, row.routing_key)


def headers_of(row: Row[Any]) -> dict[str, str]:
    """Return the headers that the event in a row of `events` travels with."""
    members = {**row.attributes, "id": row.id, "source": row.source}
    return wire.amqp_headers(members)


def stored_of(row: Row[Any]) -> StoredEvent:
    """Return the event that a whole row of `events` holds."""
    return StoredEvent(row.position, envelope_of(row), row.received_at)


def _known(connection: Connection, envelopes: Sequence[Envelope]) -> set[EventKey]:
    bodies: dict[EventKey, bytes] = {}
    for envelope in envelopes:
        if bodies.setdefault(envelope.key, envelope.body) != envelope.body:
            raise _conflict(envelope.event.id)
    query = select(events.c.source, events.c.id, events.c.body).where(
        tuple_(events.c.source, events.c.id).in_(list(bodies))
    )
    known = set()
    for source, event_id, body in connection.execute(query):
        if body != bodies[source, event_id]:
            raise _conflict(event_id)
        known.add((source, event_id))
    return known


def _latest(limit: int, below: int | None) -> Select[Any]:
    # By position, in chunks: no index tells when events came in.
    query = select(
        events.c.position, events.c.source, events.c.id, events.c.received_at
    )
    if below is not None:
        query = query.where(events.c.position < below)
    return query.order_by(events.c.position.desc()).limit(limit)


def _conflict(event_id: str) -> Conflict:
    return Conflict(f"event {event_id} is known with another body; give it another id")
