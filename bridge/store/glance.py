# SPDX-License-Identifier: Apache-2.0
"""What people look at: how much waits, what came last, what belongs together; blocking.

Whatever is asked here costs the same however much is stored: counts stop at a limit, and
a search at so many rows.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import BindParameter, Select, bindparam, func, select

from bridge.errors import NotFound
from bridge.model import Attempt, Delivery, DeliveryId, EventKey, ListenerId, State
from bridge.store.database import Database
from bridge.store.deliveries import attempt_of, delivery_of
from bridge.store.events import StoredEvent, stored_of
from bridge.store.tables import attempts, deliveries, events, listeners

COUNTED: Final = 10_000
"""No count goes further."""

SEARCHED: Final = 10_000
"""So many of the latest events are looked through for those of one project."""


class GlanceStore:
    """What a page shows of one database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, state: State, project: str | None) -> int:
        """Return how many deliveries are in a state, at most `COUNTED`."""
        # It stands in the statement: else no index of one state's rows is used.
        wanted: BindParameter[str] = bindparam(None, state.value, literal_execute=True)
        rows = select(deliveries.c.id).where(deliveries.c.state == wanted)
        if project is not None:
            rows = rows.where(deliveries.c.project == project)
        query = select(func.count()).select_from(rows.limit(COUNTED).subquery())
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def latest_of(
        self, listener_ids: Sequence[ListenerId], each: int
    ) -> Mapping[ListenerId, Sequence[Delivery]]:
        """Return the latest deliveries of each listener, the latest first."""
        with self._database.read() as connection:
            return {
                one: [
                    delivery_of(row)
                    for row in connection.execute(
                        select(deliveries)
                        .where(deliveries.c.listener_id == one)
                        .order_by(deliveries.c.created_at.desc())
                        .limit(each)
                    )
                ]
                for one in listener_ids
            }

    def attempts(
        self, delivery_ids: Collection[DeliveryId]
    ) -> Mapping[DeliveryId, Sequence[Attempt]]:
        """Return the attempts of some deliveries, in their order."""
        query = (
            select(attempts)
            .where(attempts.c.delivery_id.in_(delivery_ids))
            .order_by(attempts.c.delivery_id, attempts.c.number)
        )
        found: dict[DeliveryId, list[Attempt]] = defaultdict(list)
        with self._database.read() as connection:
            for row in connection.execute(query):
                one = attempt_of(row)
                found[one.delivery_id].append(one)
        return found

    def events(
        self, project: str | None, *, limit: int, before: int | None = None
    ) -> list[StoredEvent]:
        """Return the latest events, the latest first; of a project's among `SEARCHED`.

        Args:
            project: Whose; None: those of every one.
            limit: At least 1.
            before: Position of the last one on the page before.
        """
        with self._database.read() as connection:
            top = before
            if top is None:
                top = (connection.scalar(select(func.max(events.c.position))) or 0) + 1
            query = select(events).where(
                events.c.position < top, events.c.position >= top - SEARCHED
            )
            if project is not None:
                query = query.where(events.c.project == project)
            query = query.order_by(events.c.position.desc()).limit(limit)
            return [stored_of(row) for row in connection.execute(query)]

    def execution(
        self, project: str | None, execution_id: str, *, limit: int
    ) -> list[StoredEvent]:
        """Return the first events of one execution, in the order that they came in."""
        query = select(events).where(events.c.execution_id == execution_id)
        query = _within(query, project).order_by(events.c.position).limit(limit)
        with self._database.read() as connection:
            return [stored_of(row) for row in connection.execute(query)]

    def event(self, project: str | None, key: EventKey) -> StoredEvent:
        """Return one event.

        Raises:
            NotFound: There is none, or it is another project's.
        """
        source, event_id = key
        query = select(events).where(events.c.source == source, events.c.id == event_id)
        with self._database.read() as connection:
            row = connection.execute(_within(query, project)).one_or_none()
        if row is None:
            raise NotFound("event", event_id)
        return stored_of(row)

    def names(self, listener_ids: Collection[ListenerId]) -> Mapping[str, str]:
        """Return the names of listeners, also of those that were removed."""
        query = select(listeners.c.id, listeners.c.name).where(
            listeners.c.id.in_(listener_ids), listeners.c.name.is_not(None)
        )
        with self._database.read() as connection:
            return {row.id: row.name for row in connection.execute(query)}


def _within(
    query: Select[tuple[object, ...]], project: str | None
) -> Select[tuple[object, ...]]:
    return query if project is None else query.where(events.c.project == project)
