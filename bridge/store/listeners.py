# SPDX-License-Identifier: Apache-2.0
"""Listeners in SQL: kept, found, changed one after the other; blocking.

Every change counts up one counter in its own transaction, so that an index in memory
can ask for just what changed since it last looked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import or_, select, update

from bridge.errors import NotFound
from bridge.model import Listener, ListenerId
from bridge.model.replay import Start
from bridge.store.database import Database
from bridge.store.listener_changes import (
    check_room,
    count_change,
    insert_listener,
    is_listener,
    remove_listener,
    revision_of,
    update_listener,
    version_of,
)
from bridge.store.listener_rows import listener_of, listener_row
from bridge.store.replays import insert_replay
from bridge.store.tables import listeners
from bridge.store.vault import Vault, require_key

_SPOKEN: Final = (
    listeners.c.id,
    listeners.c.name,
    listeners.c.description,
    listeners.c.workbook,
    listeners.c.workflow,
    listeners.c.callback["url"].as_string(),
    listeners.c.callback["exchange"].as_string(),
)
"""What people know a listener by."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since an index last looked.

    Attributes:
        version: To be given back the next time.
        present: Listeners that are new or changed.
        removed: Ids of those that are no more.
    """

    version: int
    present: Sequence[Listener]
    removed: Sequence[ListenerId]


class ListenerStore:
    """The listeners of one database.

    Args:
        database: Which.
        vault: Seals what is secret.
        at_most: So many may a project have; None: as many as it likes.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(
        self, database: Database, vault: Vault, at_most: int | None = None
    ) -> None:
        self._database = database
        self._vault = vault
        self._at_most = at_most

    def add(self, listener: Listener, start: Start | None = None) -> None:
        """Keep a new listener.

        Args:
            listener: As it shall be.
            start: What it is told of before it is live; None: nothing.

        Raises:
            Conflict: Its project has one of this name.
            QuotaReached: Its project has as many as it may.
        """
        with self._database.write() as connection:
            version = count_change(connection)
            require_key(connection, self._vault)
            if self._at_most is not None:
                check_room(connection, listener.project, self._at_most)
            row = listener_row(listener, self._vault) | {
                "changed_in": version,
                "starting": start is not None,
            }
            insert_listener(connection, listener, row)
            if start is not None:
                terms = start.rate_per_second, listener.created_at
                insert_replay(connection, listener, start.wanted, terms, is_start=True)

    def get(self, project: str | None, listener_id: ListenerId) -> Listener:
        """Return one; of any project where `project` is None.

        Raises:
            NotFound: There is none, or it is another project's.
        """
        query = _present().where(listeners.c.id == listener_id)
        if project is not None:
            query = query.where(listeners.c.project == project)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("listener", listener_id)
        return listener_of(row, self._vault)

    def find(
        self,
        *,
        limit: int,
        after: ListenerId | None = None,
        text: str | None = None,
        **equal: str | bool | None,
    ) -> list[Listener]:
        """Return up to `limit` listeners in the order of their ids.

        Args:
            limit: At least 1.
            after: The last id of the page before.
            text: Stands in a name, description, workbook, workflow, URL or exchange;
                its case does not matter.
            **equal: Column to value; None is not looked at.
        """
        query = _present().order_by(listeners.c.id).limit(limit)
        if after is not None:
            query = query.where(listeners.c.id > after)
        if text is not None:
            query = query.where(
                or_(*(one.icontains(text, autoescape=True) for one in _SPOKEN))
            )
        for name, value in equal.items():
            if value is not None:
                query = query.where(listeners.c[name] == value)
        with self._database.read() as connection:
            return [listener_of(row, self._vault) for row in connection.execute(query)]

    def change(self, listener: Listener, *, known: int | None = None) -> Listener:
        """Keep a changed listener, and return it with its next revision.

        Args:
            listener: As it shall be.
            known: The revision that the caller knows; None: whatever it is.

        Raises:
            NotFound: It is no more.
            OutOfDate: It has another revision.
            Conflict: Its project has one of this name.
        """
        with self._database.write() as connection:
            version = count_change(connection)
            require_key(connection, self._vault)
            revision = revision_of(connection, listener.id, known)
            changed = replace(listener, revision=revision + 1)
            row = listener_row(changed, self._vault) | {"changed_in": version}
            update_listener(connection, changed, row)
        return changed

    def disable(self, listener_id: ListenerId, reason: str, now: datetime) -> bool:
        """Turn one off because of what its receiver does; tell whether it was on.

        It is `untold` until `note_told`.
        """
        with self._database.write() as connection:
            values = {
                "enabled": False,
                "disabled_reason": reason,
                "updated_at": now,
                "revision": listeners.c.revision + 1,
                "changed_in": count_change(connection),
                "untold": True,
            }
            mine = is_listener(listener_id) & listeners.c.enabled
            changed = connection.execute(update(listeners).where(mine).values(values))
        return changed.rowcount > 0

    def untold(self) -> list[Listener]:
        """Return those that were turned off, and of which no event tells yet."""
        query = (
            select(listeners)
            .where(listeners.c.untold, listeners.c.enabled.is_(False))
            .where(listeners.c.deleted_at.is_(None))
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [listener_of(row, self._vault) for row in rows]

    def note_told(self, listener_id: ListenerId) -> None:
        """Note that an event tells that one was turned off."""
        told = update(listeners).where(is_listener(listener_id)).values(untold=False)
        with self._database.write() as connection:
            connection.execute(told)

    def remove(
        self, listener_id: ListenerId, now: datetime, *, known: int | None = None
    ) -> None:
        """Mark one as removed; what waits for it ends as cancelled.

        Args:
            listener_id: Which.
            now: Noted as the time.
            known: The revision that the caller knows; None: whatever it is.

        Raises:
            NotFound: It is no more.
            OutOfDate: It has another revision.
        """
        with self._database.write() as connection:
            version = count_change(connection)
            revision_of(connection, listener_id, known)
            remove_listener(connection, listener_id, now, version)

    def changes(self, since: int) -> Changes:
        """Return what changed after a version; since 0: all there is."""
        with self._database.read() as connection:
            version = version_of(connection)
            if version == since:
                return Changes(version, (), ())
            rows = connection.execute(
                select(listeners).where(listeners.c.changed_in > since)
            ).all()
        return Changes(
            max([version, *(row.changed_in for row in rows)]),
            [listener_of(row, self._vault) for row in rows if row.deleted_at is None],
            [ListenerId(row.id) for row in rows if row.deleted_at is not None],
        )


def _present() -> Any:  # noqa: ANN401 - SQLAlchemy's Select of a whole table
    return select(listeners).where(listeners.c.deleted_at.is_(None))
