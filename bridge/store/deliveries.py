# SPDX-License-Identifier: Apache-2.0
"""The delivery log: who was told, when, and what they answered; blocking."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, select, update

from bridge.errors import Conflict, NotFound
from bridge.model import (
    Attempt,
    Delivery,
    DeliveryId,
    ListenerId,
    Outcome,
    OutcomeKind,
    State,
)
from bridge.store.batch_rows import hasten
from bridge.store.database import Database
from bridge.store.tables import attempts, deliveries, listeners

CANCELLED: Final = {
    "state": State.CANCELLED.value,
    "reason": "the listener was removed",
    "due_at": None,
    "lease_owner": None,
}
"""Columns of what ends with its listener."""


class DeliveryStore:
    """The deliveries of one database and their attempts.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self,
        *,
        limit: int,
        before: tuple[datetime, DeliveryId] | None = None,
        **equal: str | None,
    ) -> list[Delivery]:
        """Return up to `limit` deliveries, the latest first.

        Args:
            limit: At least 1.
            before: ``created_at`` and id of the last one on the page before.
            **equal: Column (``listener_id``, ``event_id``, ``execution_id``,
                ``batch_id``, ``state``, ``project``) to value; None is not looked at.
        """
        created, key = deliveries.c.created_at, deliveries.c.id
        query = select(deliveries).order_by(created.desc(), key.desc()).limit(limit)
        if before is not None:
            at, last = before
            query = query.where((created < at) | ((created == at) & (key < last)))
        for name, value in equal.items():
            if value is not None:
                query = query.where(deliveries.c[name] == _value(name, value))
        with self._database.read() as connection:
            return [delivery_of(row) for row in connection.execute(query)]

    def get(
        self, project: str | None, delivery_id: DeliveryId
    ) -> tuple[Delivery, list[Attempt]]:
        """Return one with its attempts; of any project where that is None.

        Raises:
            NotFound: There is none, or it is another project's.
        """
        tries = (
            select(attempts)
            .where(attempts.c.delivery_id == delivery_id)
            .order_by(attempts.c.number)
        )
        with self._database.read() as connection:
            row = _required(connection, _one(project, delivery_id), delivery_id)
            found = [attempt_of(one) for one in connection.execute(tries)]
        return delivery_of(row), found

    def of_ids(self, delivery_ids: Sequence[DeliveryId]) -> list[Delivery]:
        """Return those of these that there are, in no order; up to some hundred ids."""
        query = select(deliveries).where(deliveries.c.id.in_(delivery_ids))
        with self._database.read() as connection:
            return [delivery_of(row) for row in connection.execute(query)]

    def retry(
        self, project: str | None, delivery_id: DeliveryId, now: datetime
    ) -> Delivery:
        """Make a delivery due now, whatever became of it before.

        One that is under way is left alone. One that waits with its batch is due with
        all of that; one that ended goes in a new one.

        Raises:
            NotFound: There is none, or it is another project's.
            Conflict: Its listener was removed, or it waits for its turn.
        """
        with self._database.write() as connection:
            row = _required(connection, _one(project, delivery_id), delivery_id)
            kept = connection.scalar(
                select(listeners.c.id)
                .where(listeners.c.id == row.listener_id)
                .where(listeners.c.deleted_at.is_(None))
                .with_for_update(read=True)
            )
            if kept is None:
                raise Conflict("its listener was removed")
            waits = row.state == State.PENDING.value
            is_due = waits and hasten(connection, row.batch_id, now)
            # Both are locked: else it would be due while a bridge just takes it, or
            # pending for ever for a listener that is just removed.
            one = _one(None, delivery_id).with_for_update()
            row = _required(connection, one, delivery_id)
            if row.state == State.PENDING.value and row.due_at is None:
                raise Conflict("it waits for an earlier event of its execution")
            if row.lease_owner is None and not is_due:
                due = {
                    "state": State.PENDING.value,
                    "batch_id": None,
                    "due_at": now,
                    "reason": None,
                    "updated_at": now,
                }
                where = deliveries.c.id == delivery_id
                connection.execute(update(deliveries).where(where).values(due))
            row = connection.execute(_one(None, delivery_id)).one()
        return delivery_of(row)


def delivery_of(row: Row[Any]) -> Delivery:
    """Return the delivery that a row of `deliveries` holds."""
    return Delivery(
        id=DeliveryId(row.id),
        listener_id=ListenerId(row.listener_id),
        project=row.project,
        event_source=row.event_source,
        event_id=row.event_id,
        event_type=row.event_type,
        execution_id=row.execution_id,
        state=State(row.state),
        created_at=row.created_at,
        updated_at=row.updated_at,
        attempts=row.attempts,
        due_at=row.due_at,
        reason=row.reason,
        position=row.position,
        batch_id=None if row.batch_id is None else DeliveryId(row.batch_id),
    )


def delivery_row(delivery: Delivery, lease_owner: str | None) -> dict[str, Any]:
    """Return a delivery's columns."""
    return {
        "id": delivery.id,
        "listener_id": delivery.listener_id,
        "project": delivery.project,
        "event_source": delivery.event_source,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "execution_id": delivery.execution_id,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "due_at": delivery.due_at,
        "lease_owner": lease_owner,
        "reason": delivery.reason,
        "created_at": delivery.created_at,
        "updated_at": delivery.updated_at,
        "position": delivery.position,
        "batch_id": delivery.batch_id,
    }


def attempt_row(attempt: Attempt) -> Mapping[str, Any]:
    """Return an attempt's columns."""
    outcome = attempt.outcome
    return {
        "delivery_id": attempt.delivery_id,
        "number": attempt.number,
        "kind": outcome.kind.value,
        "started_at": outcome.started_at,
        "duration_seconds": outcome.duration.total_seconds(),
        "status": outcome.status,
        "error": outcome.error,
        "answer": outcome.answer,
    }


def attempt_of(row: Row[Any]) -> Attempt:
    """Return the attempt that a row of `attempts` holds."""
    outcome = Outcome(
        kind=OutcomeKind(row.kind),
        started_at=row.started_at,
        duration=timedelta(seconds=row.duration_seconds),
        status=row.status,
        error=row.error,
        answer=row.answer,
    )
    return Attempt(DeliveryId(row.delivery_id), row.number, outcome)


def _value(column: str, value: str) -> BindParameter[str]:
    # The state stands in the statement: else no index of one state's rows is used.
    return bindparam(None, value, literal_execute=column == "state")


def _one(project: str | None, delivery_id: DeliveryId) -> Select[Any]:
    query = select(deliveries).where(deliveries.c.id == delivery_id)
    return query if project is None else query.where(deliveries.c.project == project)


def _required(
    connection: Connection, query: Select[Any], delivery_id: DeliveryId
) -> Row[Any]:
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("delivery", delivery_id)
    return row
