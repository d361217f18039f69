# SPDX-License-Identifier: Apache-2.0
"""Messages that were set aside, in SQL; blocking."""

import secrets
import time
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from bridge.errors import Conflict, NotFound
from bridge.model import Quarantined, QuarantinedId
from bridge.store.database import Database
from bridge.store.events import headers_of
from bridge.store.messages import pack, unpack
from bridge.store.tables import events, quarantine

KEPT: Final = timedelta(days=30)
"""What was set aside before goes when something else comes."""


class QuarantineStore:
    """The quarantine of one database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, one: Quarantined) -> None:
        """Keep a message."""
        with self._database.write() as connection:
            _add(connection, one)

    def find(
        self, *, limit: int, before: tuple[datetime, QuarantinedId] | None = None
    ) -> list[Quarantined]:
        """Return up to `limit` messages, the latest first.

        Args:
            limit: At least 1.
            before: ``taken_at`` and id of the last one on the page before.
        """
        taken, key = quarantine.c.taken_at, quarantine.c.id
        query = select(quarantine).order_by(taken.desc(), key.desc()).limit(limit)
        if before is not None:
            at, last = before
            query = query.where((taken < at) | ((taken == at) & (key < last)))
        with self._database.read() as connection:
            return [_quarantined(row) for row in connection.execute(query)]

    def get(self, key: QuarantinedId) -> Quarantined:
        """Return one.

        Raises:
            NotFound: There is none.
        """
        query = select(quarantine).where(quarantine.c.id == key)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("message in quarantine", key)
        return _quarantined(row)

    def remove(self, key: QuarantinedId) -> None:
        """Forget one.

        Raises:
            NotFound: There is none.
        """
        with self._database.write() as connection:
            where = quarantine.c.id == key
            if not connection.execute(delete(quarantine).where(where)).rowcount:
                raise NotFound("message in quarantine", key)

    def take_event(self, position: int, reason: str, now: datetime) -> None:
        """Set an event aside that waits in the events' table, and wait no more for it."""
        where = events.c.position == position
        with self._database.write() as connection:
            row = connection.execute(select(events).where(where)).one()
            _add(
                connection,
                Quarantined(
                    id=new_id(),
                    reason=reason,
                    routing_key=row.routing_key,
                    properties={"message_id": row.id, "type": row.type},
                    headers=headers_of(row),
                    body=row.body,
                    taken_at=now,
                    position=position,
                ),
            )
            connection.execute(update(events).where(where).values(queued=False))

    def queue_event(self, one: Quarantined) -> None:
        """Let an event wait in the events' table again.

        Raises:
            Conflict: It is not there.
        """
        where = events.c.position == one.position
        with self._database.write() as connection:
            queued = update(events).where(where).values(queued=True)
            if one.position is None or not connection.execute(queued).rowcount:
                raise Conflict("it is in no table of events; publish it again")


def new_id() -> QuarantinedId:
    """Return an id that sorts by the time it was made, to the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    return QuarantinedId(f"qua_{milliseconds:012x}{secrets.token_hex(10)}")


def _add(connection: Connection, one: Quarantined) -> None:
    row = {
        "id": one.id,
        "reason": _text(one.reason),
        "routing_key": _text(one.routing_key),
        "message": pack(one.properties, one.headers),
        "body": one.body,
        "taken_at": one.taken_at,
        "position": one.position,
    }
    old = quarantine.c.taken_at < one.taken_at - KEPT
    connection.execute(delete(quarantine).where(old))
    connection.execute(insert(quarantine).values(row))


def _quarantined(row: Row[Any]) -> Quarantined:
    properties, headers = unpack(row.message)
    return Quarantined(
        id=QuarantinedId(row.id),
        reason=row.reason,
        routing_key=row.routing_key,
        properties=properties,
        headers=headers,
        body=row.body,
        taken_at=row.taken_at,
        position=row.position,
    )


def _text(text: str) -> str:
    """Return a text that every database takes."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
