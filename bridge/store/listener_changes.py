# SPDX-License-Identifier: Apache-2.0
"""One listener added, changed or removed, within somebody's transaction.

Each change is counted once in the transaction, before its first statement: the counter's
row stays locked until the end, so that changes of listeners wait for each other.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bridge.errors import Conflict, NotFound, OutOfDate, QuotaReached
from bridge.model import Listener, ListenerId, State
from bridge.store.batch_rows import dissolve
from bridge.store.deliveries import CANCELLED
from bridge.store.tables import batches, counters, deliveries, listeners

_COUNTER: Final = "listeners"
_ASK_AGAIN: Final = timedelta(minutes=1)


def count_change(connection: Connection) -> int:
    """Count up and return the version, which rows changed from now on are marked with."""
    mine = counters.c.name == _COUNTER
    connection.execute(
        update(counters).where(mine).values(number=counters.c.number + 1)
    )
    return version_of(connection)


def version_of(connection: Connection) -> int:
    """Return the version that was counted last."""
    query = select(func.coalesce(func.max(counters.c.number), 0))
    return int(connection.scalar(query.where(counters.c.name == _COUNTER)) or 0)


def revision_of(
    connection: Connection, listener_id: ListenerId, known: int | None
) -> int:
    """Return a listener's revision.

    Args:
        connection: In a transaction.
        listener_id: Which.
        known: The revision that the caller knows; None: whatever it is.

    Raises:
        NotFound: It is no more.
        OutOfDate: It has another revision.
    """
    query = select(listeners.c.revision).where(is_listener(listener_id))
    revision = connection.scalar(query)
    if revision is None:
        raise NotFound("listener", listener_id)
    if known is not None and revision != known:
        raise OutOfDate(f"the listener is at revision {revision} now, not at {known}")
    return int(revision)


def check_room(
    connection: Connection, project: str, at_most: int, *, more: int = 1
) -> None:
    """Make sure that a project may have more listeners, after `count_change`.

    Raises:
        QuotaReached: It has as many as it may.
    """
    query = (
        select(func.count())
        .select_from(listeners)
        .where(listeners.c.project == project)
        .where(listeners.c.deleted_at.is_(None))
    )
    there = int(connection.scalar(query) or 0)
    if there + more > at_most:
        raise QuotaReached(
            f"project {project} may have {at_most} listeners, and has {there}; "
            "remove some",
            _ASK_AGAIN,
        )


def insert_listener(
    connection: Connection, listener: Listener, row: Mapping[str, Any]
) -> None:
    """Keep a new listener.

    Raises:
        Conflict: Its project has one of this name.
    """
    _unique(connection, insert(listeners).values(row), listener)


def update_listener(
    connection: Connection, listener: Listener, row: Mapping[str, Any]
) -> None:
    """Let a listener be as these of its columns say; its batches too.

    Raises:
        Conflict: Its project has one of this name.
    """
    statement = update(listeners).where(is_listener(listener.id)).values(row)
    _unique(connection, statement, listener)
    if listener.callback.batch is None:
        dissolve(connection, listener.id)


def remove_listener(
    connection: Connection, listener_id: ListenerId, now: datetime, version: int
) -> None:
    """Mark a listener as removed; what waits for it ends as cancelled."""
    values = {"deleted_at": now, "changed_in": version}
    connection.execute(update(listeners).where(is_listener(listener_id)).values(values))
    # First: whoever writes what became of a batch locks it first, too.
    connection.execute(delete(batches).where(batches.c.listener_id == listener_id))
    connection.execute(
        update(deliveries)
        .where(deliveries.c.listener_id == listener_id)
        .where(deliveries.c.state == State.PENDING.value)
        .values(CANCELLED | {"updated_at": now})
    )


def is_listener(listener_id: ListenerId) -> Any:  # noqa: ANN401 - an SQL expression
    """Return what is true of the row of a listener that is not removed."""
    return (listeners.c.id == listener_id) & listeners.c.deleted_at.is_(None)


def _unique(connection: Connection, statement: Any, listener: Listener) -> None:  # noqa: ANN401 - an SQL statement
    try:
        connection.execute(statement)
    except IntegrityError as err:
        raise Conflict(
            f"project {listener.project} has a listener named {listener.name!r}"
        ) from err
