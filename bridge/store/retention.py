# SPDX-License-Identifier: Apache-2.0
"""Removes what nobody needs any more, a little at a time; blocking.

An event goes with its deliveries and their attempts, and only with all of them: one that
is pending, or dead since not long, keeps its event.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    delete,
    exists,
    select,
)

from bridge.model import ListenerId, State
from bridge.store.database import Database
from bridge.store.lock import try_alone
from bridge.store.tables import attempts, deliveries, events, listeners
from notifier.event_types import ALIASES

BATCH: Final = 500
"""So many events are looked at in one transaction."""

_ENDS: Final = ALIASES["on-execution-complete"]


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What is older may go.

    Attributes:
        events: Came in before.
        dead: Dead before.
    """

    events: datetime
    dead: datetime


@dataclass(frozen=True, slots=True)
class Swept:
    """What one step did.

    Attributes:
        position: Of the last event that was looked at.
        removed: How many events went.
    """

    position: int
    removed: int


class RetentionStore:
    """What is old in one database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def sweep(self, after: int, cutoffs: Cutoffs) -> Swept | None:
        """Remove, of the next events in their order, those that nobody needs.

        Args:
            after: Position of the last event that was looked at; 0: none was.
            cutoffs: What may go.

        Returns:
            None when no old event is left, or another bridge is at this.
        """
        with self._database.write() as connection:
            if not try_alone(connection, "retention"):
                return None
            page = connection.execute(
                select(events.c.position, events.c.received_at)
                .where(events.c.position > after)
                .order_by(events.c.position)
                .limit(BATCH)
            ).all()
            old = [row.position for row in page if row.received_at < cutoffs.events]
            if not old:
                return None
            removed = _remove(connection, old, _is_needed(cutoffs.dead))
        return Swept(page[-1].position, removed)

    def remove_listeners(self, removed_before: datetime) -> int:
        """Forget removed listeners that have no deliveries any more; return how many."""
        told = exists().where(deliveries.c.listener_id == listeners.c.id)
        statement = delete(listeners).where(
            listeners.c.deleted_at < removed_before, ~told
        )
        with self._database.write() as connection:
            return connection.execute(statement).rowcount

    def listeners_of_ended(self, ended_before: datetime) -> list[ListenerId]:
        """Return the listeners on executions that have ended and are silent since."""
        of_it = events.c.execution_id == listeners.c.execution_id
        is_old = events.c.received_at < ended_before
        query = (
            select(listeners.c.id)
            .where(listeners.c.execution_id.is_not(None))
            .where(listeners.c.deleted_at.is_(None))
            .where(exists().where(of_it, is_old, events.c.type.in_(_ENDS)))
            .where(~exists().where(of_it, ~is_old))
        )
        with self._database.read() as connection:
            return [ListenerId(one) for one in connection.scalars(query)]


def _is_needed(dead_before: datetime) -> ColumnElement[bool]:
    is_dead = deliveries.c.state == State.DEAD.value
    return (deliveries.c.state == State.PENDING.value) | (
        is_dead & (deliveries.c.updated_at >= dead_before)
    )


def _remove(connection: Connection, old: list[int], needed: ColumnElement[bool]) -> int:
    of_event = (deliveries.c.event_source == events.c.source) & (
        deliveries.c.event_id == events.c.id
    )
    # Locked, so that none comes to have a delivery meanwhile.
    free = connection.scalars(
        select(events.c.position)
        .where(events.c.position.in_(old), ~events.c.queued)
        .where(~exists().where(of_event, needed))
        .order_by(events.c.position)
        .with_for_update(skip_locked=True)
    ).all()
    gone = (
        select(deliveries.c.id)
        .join(events, of_event)
        .where(events.c.position.in_(free), ~needed)
    )
    # Locked, so that none is made pending by hand meanwhile: one that was just now stays,
    # and its event with it.
    connection.execute(gone.with_for_update(of=deliveries).order_by(deliveries.c.id))
    connection.execute(delete(attempts).where(attempts.c.delivery_id.in_(gone)))
    connection.execute(delete(deliveries).where(deliveries.c.id.in_(gone)))
    result: CursorResult[object] = connection.execute(
        delete(events)
        .where(events.c.position.in_(free))
        .where(~exists().where(of_event))
    )
    return result.rowcount
