# SPDX-License-Identifier: Apache-2.0
"""Makes deliveries of past events pending, with a replay's progress; blocking.

Both in one transaction: a bridge that dies repeats none of it and leaves none out. A
delivery keeps its id, its attempts go on where they ended.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from bridge.model import Delivery, Listener, State
from bridge.model.replay import Replay, Told
from bridge.store.database import Database, insert_into
from bridge.store.deliveries import delivery_row
from bridge.store.events import StoredEvent
from bridge.store.removed import cancel_for_removed
from bridge.store.replays import save_standing
from bridge.store.sequences import Turns, count_positions
from bridge.store.tables import deliveries, events

_TICK: Final = timedelta(microseconds=1)


class Retelling:
    """Of one bridge.

    Args:
        database: Where the events are.
        owner: Names this bridge among those that share the database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def tell(
        self,
        replay: Replay,
        listener: Listener,
        found: Sequence[StoredEvent],
        now: datetime,
        *,
        in_order: bool,
    ) -> int | None:
        """Let a listener be told of events, and keep how the replay stands.

        Args:
            replay: As it stands after them.
            listener: Its listener.
            found: In their order.
            now: The time.
            in_order: Whether those of an execution are told one after the other.

        Returns:
            How many are pending by it; None: another bridge is at the replay by now, and
            nothing was done.
        """
        turns = Turns(self._database)
        with self._database.write() as connection:
            # First, as everybody does who takes positions.
            last = count_positions(connection, len(found)) if in_order else 0
            rows = self._chosen(connection, replay, listener, found, now)
            if in_order:
                for position, row in enumerate(rows, last - len(found) + 1):
                    row |= {"position": position, "due_at": None}
                turns.note(rows)
            told = replace(replay, replayed=replay.replayed + len(rows))
            if not save_standing(connection, self._owner, told):
                connection.rollback()
                return None
            cancel_for_removed(connection, rows)
            _write(connection, rows)
            turns.within(connection)
        turns.after()
        return len(rows)

    def _chosen(
        self,
        connection: Connection,
        replay: Replay,
        listener: Listener,
        found: Sequence[StoredEvent],
        now: datetime,
    ) -> list[dict[str, Any]]:
        """Return the rows of those deliveries that are to be pending."""
        # Locked, so that what is old does not go meanwhile.
        kept = set(
            connection.scalars(
                select(events.c.position)
                .where(events.c.position.in_([one.position for one in found]))
                .order_by(events.c.position)
                .with_for_update(read=True)
            )
        )
        fresh = [
            Delivery.new(one.envelope, listener, now)
            for one in found
            if one.position in kept
        ]
        known = {
            row.id: row
            for row in connection.execute(
                select(deliveries)
                .where(deliveries.c.id.in_([one.id for one in fresh]))
                .order_by(deliveries.c.id)
                .with_for_update()
            )
        }
        return [
            delivery_row(replace(one, due_at=now + place * _TICK), None)
            | _kept(known.get(one.id))
            for place, one in enumerate(fresh)
            if _is_wanted(replay, known.get(one.id))
        ]


def _write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = insert_into(connection, deliveries)
    new, known = statement.excluded, deliveries.c
    names = ("state", "due_at", "reason", "updated_at", "position", "batch_id")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: new[name] for name in names},
            # One that a bridge has recorded meanwhile has gone on.
            where=(known.attempts == new.attempts) & known.lease_owner.is_(None),
        ),
        sorted(rows, key=lambda row: str(row["id"])),
    )


def _is_wanted(replay: Replay, known: Row[Any] | None) -> bool:
    told = replay.wanted.told
    if known is None:
        return told in {None, Told.NONE}
    if replay.is_start or told not in {None, Told(known.state)}:
        return False
    if known.state != State.PENDING.value:
        return True
    # Under way, or it waits for its turn: it is being told.
    return known.lease_owner is None and known.due_at is not None


def _kept(known: Row[Any] | None) -> dict[str, Any]:
    if known is None:
        return {}
    return {"attempts": known.attempts, "created_at": known.created_at}
