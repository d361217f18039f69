# SPDX-License-Identifier: Apache-2.0
"""What became of batches, written for each of their deliveries; blocking."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Update,
    bindparam,
    delete,
    literal,
    select,
    update,
)

from bridge.model import Attempt, Delivery, DeliveryId, State
from bridge.store.batch_rows import forget, locked, members_of
from bridge.store.database import insert_into
from bridge.store.deliveries import attempt_row, delivery_row
from bridge.store.tables import attempts, batches, deliveries

Row = Mapping[str, Any]

_STANDING: Final = ("state", "due_at", "lease_owner", "reason", "updated_at")


class BatchOutcomes:
    """What one bridge knows of batches, to be written in one transaction.

    Args:
        owner: Names the bridge among those that share the database.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._rows: dict[str, dict[str, Any]] = {}
        self._tries: dict[str, list[Attempt]] = {}

    @property
    def rows(self) -> Collection[dict[str, Any]]:
        """How the batches stand, as rows of deliveries; may be changed."""
        return self._rows.values()

    def took(
        self,
        told: Sequence[Delivery],
        tries: Sequence[Attempt],
        held: Collection[DeliveryId],
    ) -> bool:
        """Take down how a batch stands, and tell whether it is one."""
        if len(told) != 1 or not told[0].is_batch:
            return False
        (batch,) = told
        owner = self._owner if batch.id in held else None
        self._rows[batch.id] = delivery_row(batch, owner)
        self._tries.setdefault(batch.id, []).extend(tries)
        return True

    def write(self, connection: Connection) -> list[dict[str, Any]]:
        """Let them and their deliveries be so; return rows of what ended in its order.

        Delivered beats what stands there; all else counts only of a batch that no other
        bridge has taken.
        """
        ended: list[dict[str, Any]] = []
        for batch_id, row in sorted(self._rows.items()):
            result = connection.execute(_BATCH, {"batch": batch_id})
            found = result.mappings().one_or_none()
            known = None if found is None else dict(found)
            is_told = row["state"] == State.DELIVERED.value
            if is_told or (known is not None and self._is_mine(known, row)):
                ended += self._settle(connection, row, known)
        return ended

    def _is_mine(self, known: Row, row: Row) -> bool:
        is_free = known["lease_owner"] in {None, self._owner}
        return is_free and known["attempts"] <= row["attempts"]

    def _settle(
        self, connection: Connection, row: Row, known: Row | None
    ) -> list[dict[str, Any]]:
        batch_id, state = row["id"], row["state"]
        before = row["attempts"] - 1 if known is None else known["attempts"]
        members = members_of(batch_id, is_told=state == State.DELIVERED.value)
        fresh = [one for one in self._tries[batch_id] if one.number > before]
        for one in fresh:
            _note(connection, one, members)
        stand = _TOLD if state == State.DELIVERED.value else _STAND
        values = {f"new_{name}": row[name] for name in _STANDING}
        connection.execute(stand, {**values, "batch": batch_id, "more": len(fresh)})
        mine = batches.c.id == batch_id
        if state == State.PENDING.value:
            stands = {name: row[name] for name in ("attempts", "due_at", "lease_owner")}
            connection.execute(update(batches).where(mine).values(stands))
            if known is not None and not known["size"] and row["lease_owner"] is None:
                forget(connection, [batch_id])
            return []
        connection.execute(delete(batches).where(mine))
        found = connection.execute(_IN_ORDER, {"batch": batch_id})
        return [dict(one) for one in found.mappings()]


def _stand(*, is_told: bool) -> Update:
    """Return the statement that lets all deliveries of a batch stand as it does."""
    members = members_of(bindparam("batch"), is_told=is_told)
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _STANDING}
    values["attempts"] = deliveries.c.attempts + bindparam("more", type_=Integer)
    chosen = deliveries.c.id.in_(locked(members))
    return update(deliveries).where(chosen).values(values)


# Built once: to build them takes longer than to have them executed.
_BATCH: Final = (
    select(batches).where(batches.c.id == bindparam("batch")).with_for_update()
)
_STAND: Final = _stand(is_told=False)
_TOLD: Final = _stand(is_told=True)
_IN_ORDER: Final = select(deliveries).where(
    deliveries.c.batch_id == bindparam("batch"), deliveries.c.position.is_not(None)
)


def _note(
    connection: Connection, attempt: Attempt, members: ColumnElement[bool]
) -> None:
    """Keep an attempt as the next one of each delivery."""
    row = attempt_row(attempt)
    columns: dict[str, ColumnElement[Any]] = {
        name: literal(value, attempts.c[name].type) for name, value in row.items()
    }
    columns["delivery_id"] = deliveries.c.id
    columns["number"] = deliveries.c.attempts + 1
    chosen = select(*columns.values()).where(members)
    statement = insert_into(connection, attempts).from_select(list(columns), chosen)
    connection.execute(statement.on_conflict_do_nothing())
