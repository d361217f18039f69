# SPDX-License-Identifier: Apache-2.0
"""Workbooks in SQL, with the listeners that they make; blocking.

One change of a workbook is one transaction: what it says, and every listener that it
adds, changes or removes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bridge.errors import NotFound, OutOfDate
from bridge.model import Listener
from bridge.store.database import Database
from bridge.store.listener_changes import (
    check_room,
    count_change,
    insert_listener,
    remove_listener,
    revision_of,
    update_listener,
)
from bridge.store.listener_rows import listener_of, listener_row
from bridge.store.tables import listeners, workbooks
from bridge.store.vault import Vault, require_key


@dataclass(frozen=True, slots=True)
class StoredWorkbook:
    """A workbook as it is kept.

    Attributes:
        state: What it says, as JSON; may be secret.
        revision: Counts its changes, from 1; 0: it is not kept yet.
    """

    project: str
    name: str
    state: Mapping[str, Any] = field(repr=False)
    created_at: datetime
    updated_at: datetime
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What becomes of the listeners of a workbook; `changed` and `removed` as known."""

    added: Sequence[Listener] = ()
    changed: Sequence[Listener] = ()
    removed: Sequence[Listener] = ()

    def as_kept(self) -> "Changed":
        """Return it with the revisions that they have once it is done."""
        changed = [replace(one, revision=one.revision + 1) for one in self.changed]
        return replace(self, changed=changed)


class WorkbookStore:
    """The workbooks of one database.

    Args:
        database: With the tables.
        vault: Seals what is secret.
        at_most: So many listeners a project may have, whoever made them; None: any.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(
        self, database: Database, vault: Vault, at_most: int | None = None
    ) -> None:
        self._database = database
        self._vault = vault
        self._at_most = at_most

    def load(
        self, project: str, name: str
    ) -> tuple[StoredWorkbook | None, list[Listener]]:
        """Return a workbook, None if there is none, and the listeners that it made."""
        theirs = (
            select(listeners)
            .where(listeners.c.project == project)
            .where(listeners.c.workbook == name)
            .where(listeners.c.workbook_key.is_not(None))
            .where(listeners.c.deleted_at.is_(None))
            .order_by(listeners.c.id)
        )
        with self._database.read() as connection:
            row = connection.execute(_workbook(project, name)).one_or_none()
            made = connection.execute(theirs).all()
        return (
            None if row is None else self._stored(row),
            [listener_of(one, self._vault) for one in made],
        )

    def find(
        self, *, limit: int, after: tuple[str, str] = ("", ""), project: str | None
    ) -> list[StoredWorkbook]:
        """Return up to `limit` workbooks in the order of project and name.

        Args:
            limit: At least 1.
            after: Project and name of the last one of the page before.
            project: None: of any.
        """
        query = select(workbooks).order_by(workbooks.c.project, workbooks.c.name)
        of, name = after
        is_behind = (workbooks.c.project > of) | (
            (workbooks.c.project == of) & (workbooks.c.name > name)
        )
        if project is not None:
            query = query.where(workbooks.c.project == project)
        with self._database.read() as connection:
            rows = connection.execute(query.where(is_behind).limit(limit)).all()
        return [self._stored(row) for row in rows]

    def save(self, wanted: StoredWorkbook, listeners: Changed) -> StoredWorkbook:
        """Keep a workbook as it shall be, and return it with its next revision.

        Args:
            wanted: Its revision is the one that is known; its `updated_at` is now.
            listeners: What becomes of those that it makes.

        Raises:
            OutOfDate: The workbook or one of its listeners is another by now.
            Conflict: The project has a listener of this name.
            QuotaReached: The project would have more listeners than it may.
        """
        kept = replace(wanted, revision=wanted.revision + 1)
        row = {"revision": kept.revision, "updated_at": kept.updated_at}
        row["sealed"] = self._vault.seal(kept.state)
        key = {"project": kept.project, "name": kept.name}
        with self._database.write() as connection:
            version = count_change(connection)
            require_key(connection, self._vault)
            if wanted.revision:
                self._check(connection, wanted)
                mine = _is(kept.project, kept.name)
                connection.execute(update(workbooks).where(mine).values(row))
            else:
                whole = {**key, **row, "created_at": kept.created_at}
                _insert(connection, whole)
            self._follow(connection, version, listeners, kept.updated_at)
        return kept

    def remove(
        self, known: StoredWorkbook, made: Sequence[Listener], now: datetime
    ) -> None:
        """Remove a workbook with the listeners that it made.

        Raises:
            OutOfDate: The workbook or one of its listeners is another by now.
        """
        with self._database.write() as connection:
            version = count_change(connection)
            self._check(connection, known)
            self._follow(connection, version, Changed(removed=made), now)
            connection.execute(delete(workbooks).where(_is(known.project, known.name)))

    def _check(self, connection: Connection, known: StoredWorkbook) -> None:
        mine = _is(known.project, known.name)
        revision = connection.scalar(select(workbooks.c.revision).where(mine))
        if revision != known.revision:
            raise OutOfDate(
                f"the workbook is at revision {revision} now, not at {known.revision}"
            )

    def _follow(
        self, connection: Connection, version: int, what: Changed, now: datetime
    ) -> None:
        """Take names away before they are given again."""
        for one in (*what.removed, *what.changed):
            try:
                revision_of(connection, one.id, one.revision)
            except NotFound as err:
                raise OutOfDate(f"the listener {one.id} is no more") from err
        for one in what.removed:
            remove_listener(connection, one.id, now, version)
        for one in what.as_kept().changed:
            row = listener_row(one, self._vault) | {"changed_in": version}
            update_listener(connection, one, row)
        if what.added and self._at_most is not None:
            project, more = what.added[0].project, len(what.added)
            check_room(connection, project, self._at_most, more=more)
        for one in what.added:
            row = listener_row(one, self._vault) | {"changed_in": version}
            insert_listener(connection, one, row)

    def _stored(self, row: Row[Any]) -> StoredWorkbook:
        return StoredWorkbook(
            project=row.project,
            name=row.name,
            state=self._vault.open(row.sealed),
            created_at=row.created_at,
            updated_at=row.updated_at,
            revision=row.revision,
        )


def _workbook(project: str, name: str) -> Any:  # noqa: ANN401 - SQLAlchemy's Select of a whole table
    return select(workbooks).where(_is(project, name))


def _is(project: str, name: str) -> Any:  # noqa: ANN401 - an SQL expression
    return (workbooks.c.project == project) & (workbooks.c.name == name)


def _insert(connection: Connection, row: Mapping[str, Any]) -> None:
    try:
        connection.execute(insert(workbooks).values(row))
    except IntegrityError as err:
        raise OutOfDate("the workbook was made just now") from err
