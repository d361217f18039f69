# SPDX-License-Identifier: Apache-2.0
"""Lets what is written for removed listeners end: it would wait for ever; blocking."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from bridge.model import State
from bridge.store.deliveries import CANCELLED
from bridge.store.tables import listeners

_MAX_KEYS: Final = 500  # databases bound the parameters of one statement


def cancel_for_removed(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Cancel those rows of deliveries that are pending for removed listeners."""
    waiting = [row for row in rows if row["state"] == State.PENDING.value]
    gone = _removed(connection, sorted({row["listener_id"] for row in waiting}))
    for row in waiting:
        if row["listener_id"] in gone:
            row.update(CANCELLED)


def _removed(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Return which of the listeners are removed; the others are not, until the end.

    They are locked: whoever removes one meanwhile waits, and sees its deliveries.
    """
    gone: set[str] = set()
    for start in range(0, len(ids), _MAX_KEYS):
        some = ids[start : start + _MAX_KEYS]
        found = connection.execute(
            select(listeners.c.id, listeners.c.deleted_at)
            .where(listeners.c.id.in_(some))
            .order_by(listeners.c.id)
            .with_for_update(read=True)
        )
        gone |= {row.id for row in found if row.deleted_at is not None}
    return gone
