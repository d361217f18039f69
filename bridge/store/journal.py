# SPDX-License-Identifier: Apache-2.0
"""What the bridge writes while it works: events, outcomes, leases; blocking.

Each write is one transaction for many events. What is known of a delivery only ever
grows: delivered beats dead beats pending, and a pending one that another bridge has
taken is left to it. What waits for its position changes nothing that has one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import (
    Connection,
    Select,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    update,
)

from bridge.errors import Unwritable
from bridge.model import (
    Attempt,
    Delivery,
    DeliveryId,
    Envelope,
    EventKey,
    ListenerId,
    State,
)
from bridge.store.batch_outcomes import BatchOutcomes
from bridge.store.batch_rows import release_batches
from bridge.store.database import Database
from bridge.store.deliveries import attempt_row, delivery_of, delivery_row
from bridge.store.events import envelope_of, event_row
from bridge.store.merging import Merge
from bridge.store.removed import cancel_for_removed
from bridge.store.sequences import Turns
from bridge.store.staging import WORTHWHILE_ROWS
from bridge.store.tables import deliveries, events, listeners

WORDLESS: Final = "the database did not take what was said"

MOST_COUNTED: Final = 100

_MAX_KEYS: Final = 500  # databases bound the parameters of one statement

_Row = TypeVar("_Row", bound=Mapping[str, Any])


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written about one event, all or nothing.

    Attributes:
        arrived: The event and when it came in, unless it is kept already.
        deliveries: As they stand now.
        attempts: That ended.
        held: Ids of those deliveries that this bridge is attempting right now; their
            ``due_at`` is when others may take them.
    """

    arrived: tuple[Envelope, datetime] | None = None
    deliveries: Sequence[Delivery] = ()
    attempts: Sequence[Attempt] = ()
    held: frozenset[DeliveryId] = frozenset()

    @property
    def event_id(self) -> str:
        """Of the event that it is about; empty where there is nothing to write."""
        if self.arrived is not None:
            return str(self.arrived[0].event.id)
        return next((one.event_id for one in self.deliveries), "")

    def without_words(self) -> "Entry":
        """Return the same, without what others have said: only how it stands."""
        attempts = [
            replace(one, outcome=replace(one.outcome, error=WORDLESS, answer=b""))
            for one in self.attempts
        ]
        deliveries = [
            replace(one, reason=None if one.reason is None else WORDLESS)
            for one in self.deliveries
        ]
        return replace(self, deliveries=tuple(deliveries), attempts=tuple(attempts))


class Journal:
    """Writes for one bridge.

    Args:
        database: Where to.
        owner: Names this bridge among those that share the database.
        stage_from: So many rows of a table are brought to PostgreSQL at once (`stage`).

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(
        self, database: Database, owner: str, *, stage_from: int = WORTHWHILE_ROWS
    ) -> None:
        self._database = database
        self._owner = owner
        self._stage_from = stage_from

    def write(self, entries: Iterable[Entry]) -> None:
        """Write all the entries, or none.

        Raises:
            Unwritable: One of them is at fault.
        """
        rows = _Rows.of(entries, self._owner)
        try:
            self._write(rows, may_add=True)
        except Unwritable:
            # Another bridge may have brought meanwhile what was new.
            self._write(rows, may_add=False)

    def _write(self, rows: "_Rows", *, may_add: bool) -> None:
        turns = Turns(self._database)
        with self._database.write() as connection:
            cancel_for_removed(connection, rows.standing())
            merge = Merge(connection, self._owner, stage_from=self._stage_from)
            new = merge.unknown(rows.events) if may_add else frozenset()
            # In one order: else two bridges could wait for each other's rows for ever.
            merge.events(_in_order(rows.events), new)
            merge.deliveries(_in_order(rows.deliveries), new)
            merge.attempts(_in_order(rows.attempts), rows.deliveries_of(new))
            turns.note_ended(rows.deliveries.values())
            turns.note_ended(rows.batches.write(connection))
            turns.within(connection)
        turns.after()

    def known(self, keys: Sequence[EventKey]) -> dict[EventKey, set[ListenerId]]:
        """Return, for each of the events, the listeners it has a delivery to."""
        place = tuple_(deliveries.c.event_source, deliveries.c.event_id)
        columns = (
            deliveries.c.event_source,
            deliveries.c.event_id,
            deliveries.c.listener_id,
        )
        found: dict[EventKey, set[ListenerId]] = {}
        with self._database.read() as connection:
            for start in range(0, len(keys), _MAX_KEYS):
                some = list(keys[start : start + _MAX_KEYS])
                query = select(*columns).where(place.in_(some))
                for source, event_id, listener in connection.execute(query):
                    told = found.setdefault((source, event_id), set())
                    told.add(ListenerId(listener))
        return found

    def due(self, now: datetime) -> dict[ListenerId, int]:
        """Return how many deliveries of which enabled listeners are due.

        Up to `MOST_COUNTED` of each: a bridge asks several times a second, and what
        waits for an endpoint that is away may be very much.
        """
        with self._database.read() as connection:
            rows = connection.execute(_count_due(now)).all()
        return {ListenerId(row[0]): row[1] for row in rows if row[1]}

    def claim(
        self, limits: Mapping[ListenerId, int], *, now: datetime, until: datetime
    ) -> list[tuple[Delivery, Envelope]]:
        """Take due deliveries for this bridge, the longest due first.

        Args:
            limits: How many of which listeners at most.
            now: What is due before it.
            until: When others may take them, if nothing is heard of them.
        """
        taken: list[tuple[Delivery, Envelope]] = []
        with self._database.write() as connection:
            for listener, limit in limits.items():
                taken += self._claim(connection, listener, limit, (now, until))
        return taken

    def release(self, now: datetime) -> int:
        """Make due now what bridges held that are no more; return how many.

        Only where no other bridge can be at work on this database.
        """
        free = {"lease_owner": None, "due_at": now}
        is_held = _pending & deliveries.c.lease_owner.is_not(None)
        statement = update(deliveries).where(is_held)
        with self._database.write() as connection:
            release_batches(connection, now)
            return connection.execute(statement.values(free)).rowcount

    def _claim(
        self,
        connection: Connection,
        listener: ListenerId,
        limit: int,
        times: tuple[datetime, datetime],
    ) -> list[tuple[Delivery, Envelope]]:
        now, until = times
        chosen = connection.scalars(
            select(deliveries.c.id)
            .where(_pending, deliveries.c.due_at <= now)
            .where(deliveries.c.listener_id == listener)
            .order_by(deliveries.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        mine = {"lease_owner": self._owner, "due_at": until, "batch_id": None}
        where = deliveries.c.id.in_(chosen)
        connection.execute(update(deliveries).where(where).values(mine))
        found = connection.execute(select(deliveries).where(where))
        rows = sorted(found, key=lambda row: chosen.index(row.id))
        bodies = select(events).where(
            tuple_(events.c.source, events.c.id).in_(
                [(row.event_source, row.event_id) for row in rows]
            )
        )
        kept = {(e.source, e.id): envelope_of(e) for e in connection.execute(bodies)}
        return [
            (delivery_of(row), kept[key])
            for row in rows
            if (key := (row.event_source, row.event_id)) in kept
        ]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Those of all entries, each once: the later word stands."""

    events: dict[EventKey, dict[str, Any]]
    deliveries: dict[DeliveryId, dict[str, Any]]
    attempts: dict[tuple[DeliveryId, int], Mapping[str, Any]]
    batches: BatchOutcomes

    @classmethod
    def of(cls, entries: Iterable[Entry], owner: str) -> "_Rows":
        rows = cls({}, {}, {}, BatchOutcomes(owner))
        for entry in entries:
            if rows.batches.took(entry.deliveries, entry.attempts, entry.held):
                continue
            if entry.arrived is not None:
                envelope, _ = entry.arrived
                rows.events[envelope.key] = event_row(*entry.arrived, queued=False)
            for delivery in entry.deliveries:
                held_by = owner if delivery.id in entry.held else None
                rows.deliveries[delivery.id] = delivery_row(delivery, held_by)
            for attempt in entry.attempts:
                key = attempt.delivery_id, attempt.number
                rows.attempts[key] = attempt_row(attempt)
        return rows

    def standing(self) -> list[dict[str, Any]]:
        return [*self.deliveries.values(), *self.batches.rows]

    def deliveries_of(self, keys: Collection[EventKey]) -> Collection[DeliveryId]:
        return {
            one
            for one, row in self.deliveries.items()
            if (row["event_source"], row["event_id"]) in keys
        }


def _in_order(rows: Mapping[Any, _Row]) -> list[_Row]:
    return [rows[key] for key in sorted(rows)]


# In the statement itself: else a prepared one could not use the index of these.
_pending = deliveries.c.state == literal_column(f"'{State.PENDING.value}'")


def _count_due(now: datetime) -> Select[Any]:
    """Return a query that looks at a few rows of each listener that is waited for.

    It goes from one such listener to the next by the index of what is pending.
    """
    first = select(func.min(deliveries.c.listener_id).label("id")).where(_pending)
    waited = first.cte("waited_for", recursive=True)
    following = (
        select(func.min(deliveries.c.listener_id))
        .where(_pending, deliveries.c.listener_id > waited.c.id)
        .scalar_subquery()
    )
    waited = waited.union_all(select(following).where(waited.c.id.is_not(None)))
    some = (
        select(literal(1).label("one"))
        .where(_pending, deliveries.c.due_at <= now)
        .where(deliveries.c.listener_id == listeners.c.id)
        .limit(MOST_COUNTED)
        .correlate(listeners)
        .subquery()
    )
    count = select(func.count()).select_from(some).scalar_subquery()
    return (
        select(listeners.c.id, count)
        .join(waited, waited.c.id == listeners.c.id)
        .where(listeners.c.enabled, listeners.c.deleted_at.is_(None))
    )
