# SPDX-License-Identifier: Apache-2.0
"""Batches that are not told yet, and all their deliveries with them; blocking.

Whatever is done to a batch is one statement for all of its deliveries. Its own row is
locked first: whoever else is at one of them waits, and nobody waits for ever.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, delete, select, update

from bridge.model import ListenerId, State
from bridge.store.tables import batches, deliveries


def release_batches(connection: Connection, now: datetime) -> None:
    """Make due what bridges held that are no more."""
    held = batches.c.lease_owner.is_not(None)
    free = {"lease_owner": None, "due_at": now}
    connection.execute(update(batches).where(held).values(free))


def hasten(connection: Connection, batch_id: str | None, now: datetime) -> bool:
    """Make a whole batch due that waits for a retry; tell whether there is one."""
    if batch_id is None:
        return False
    waiting = batches.c.lease_owner.is_(None) & (batches.c.id == batch_id)
    changed = connection.execute(update(batches).where(waiting).values(due_at=now))
    if not changed.rowcount:
        return False
    members = deliveries.c.id.in_(locked(members_of(batch_id)))
    due = {"due_at": now, "updated_at": now}
    connection.execute(update(deliveries).where(members).values(due))
    return True


def dissolve(connection: Connection, listener_id: ListenerId) -> None:
    """Let what a listener was to be told in batches wait each by itself.

    One that is under way goes on, its answer counts; it is dissolved if it has to be
    tried again.
    """
    mine = batches.c.listener_id == listener_id
    query = select(batches.c.id, batches.c.lease_owner).where(mine)
    found = connection.execute(query.order_by(batches.c.id).with_for_update()).all()
    forget(connection, [one.id for one in found if one.lease_owner is None])
    connection.execute(update(batches).where(mine).values(size=0))


def forget(connection: Connection, batch_ids: Iterable[str]) -> None:
    """Let the deliveries of these batches, which are locked, wait each by itself."""
    for batch_id in batch_ids:
        members = deliveries.c.id.in_(locked(members_of(batch_id)))
        connection.execute(update(deliveries).where(members).values(batch_id=None))
        connection.execute(delete(batches).where(batches.c.id == batch_id))


def members_of(
    batch_id: str | BindParameter[Any], *, is_told: bool = False
) -> ColumnElement[bool]:
    """Return what is true of a batch's deliveries that its outcome is about."""
    if is_told:
        is_open = deliveries.c.state != State.DELIVERED.value
    else:
        is_open = deliveries.c.state == State.PENDING.value
    return (deliveries.c.batch_id == batch_id) & is_open


def locked(members: ColumnElement[bool]) -> Any:  # noqa: ANN401 - an SQL subquery
    """Return a query for the ids of deliveries, whose rows it locks."""
    # In one order: else two could wait for each other's rows for ever.
    return (
        select(deliveries.c.id)
        .where(members)
        .order_by(deliveries.c.id)
        .with_for_update()
    )
