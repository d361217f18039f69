# SPDX-License-Identifier: Apache-2.0
"""Listeners in SQL: kept, found, changed one after the other; blocking.

Every change counts up one counter in its own transaction, so that an index in memory
can ask for just what changed since it last looked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bridge.errors import Conflict, NotFound, OutOfDate
from bridge.model import CallbackSpec, Listener, ListenerId, RetryPolicy, State
from bridge.model.auth import auth_of, members_of
from bridge.store.database import Database
from bridge.store.deliveries import CANCELLED
from bridge.store.tables import counters, deliveries, listeners
from bridge.store.vault import Vault

_COUNTER = "listeners"


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

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def add(self, listener: Listener) -> None:
        """Keep a new listener.

        Raises:
            Conflict: Its project has one of this name.
        """
        with self._database.write() as connection:
            row = self._row(listener) | {"changed_in": _count(connection)}
            _unique(connection, insert(listeners).values(row), listener)

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
        return self._listener(row)

    def find(
        self,
        *,
        limit: int,
        after: ListenerId | None = None,
        **equal: str | bool | None,
    ) -> list[Listener]:
        """Return up to `limit` listeners in the order of their ids.

        Args:
            limit: At least 1.
            after: The last id of the page before.
            **equal: Column to value; None is not looked at.
        """
        query = _present().order_by(listeners.c.id).limit(limit)
        if after is not None:
            query = query.where(listeners.c.id > after)
        for name, value in equal.items():
            if value is not None:
                query = query.where(listeners.c[name] == value)
        with self._database.read() as connection:
            return [self._listener(row) for row in connection.execute(query)]

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
            version = _count(connection)
            revision = _revision(connection, listener.id, known)
            changed = replace(listener, revision=revision + 1)
            row = self._row(changed) | {"changed_in": version}
            statement = update(listeners).where(_is(listener.id)).values(row)
            _unique(connection, statement, listener)
        return changed

    def disable(self, listener_id: ListenerId, reason: str, now: datetime) -> None:
        """Turn one off because of what its receiver does; quiet if it is no more."""
        with self._database.write() as connection:
            values = {
                "enabled": False,
                "disabled_reason": reason,
                "updated_at": now,
                "revision": listeners.c.revision + 1,
                "changed_in": _count(connection),
            }
            connection.execute(update(listeners).where(_is(listener_id)).values(values))

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
            values = {"deleted_at": now, "changed_in": _count(connection)}
            _revision(connection, listener_id, known)
            connection.execute(update(listeners).where(_is(listener_id)).values(values))
            connection.execute(
                update(deliveries)
                .where(deliveries.c.listener_id == listener_id)
                .where(deliveries.c.state == State.PENDING.value)
                .values(CANCELLED | {"updated_at": now})
            )

    def changes(self, since: int) -> Changes:
        """Return what changed after a version; since 0: all there is."""
        with self._database.read() as connection:
            version = _version(connection)
            if version == since:
                return Changes(version, (), ())
            rows = connection.execute(
                select(listeners).where(listeners.c.changed_in > since)
            ).all()
        return Changes(
            max([version, *(row.changed_in for row in rows)]),
            [self._listener(row) for row in rows if row.deleted_at is None],
            [ListenerId(row.id) for row in rows if row.deleted_at is not None],
        )

    def _row(self, listener: Listener) -> dict[str, Any]:
        spec = listener.callback
        return {
            "id": listener.id,
            "project": listener.project,
            "name": listener.name,
            "description": listener.description,
            "workbook": listener.workbook,
            "workflow": listener.workflow,
            "execution_id": listener.execution_id,
            "task": listener.task,
            "events": list(listener.events),
            "when": listener.when,
            "callback": {
                "type": spec.type,
                "url": spec.url,
                "method": spec.method,
                "exchange": spec.exchange,
                "routing_key": spec.routing_key,
                "timeout_seconds": spec.timeout.total_seconds(),
            },
            "sealed": self._vault.seal(
                {
                    "secret": listener.secret,
                    "headers": dict(spec.headers),
                    "auth": None if spec.auth is None else members_of(spec.auth),
                    "options": dict(spec.options),
                }
            ),
            "max_in_flight": listener.max_in_flight,
            "retry": {
                "delays_seconds": [d.total_seconds() for d in listener.retry.delays],
                "jitter": listener.retry.jitter,
            },
            "enabled": listener.enabled,
            "disabled_reason": listener.disabled_reason,
            "revision": listener.revision,
            "created_at": listener.created_at,
            "updated_at": listener.updated_at,
        }

    def _listener(self, row: Row[Any]) -> Listener:
        sealed = self._vault.open(row.sealed)
        return Listener(
            id=ListenerId(row.id),
            project=row.project,
            name=row.name,
            description=row.description,
            workbook=row.workbook,
            workflow=row.workflow,
            execution_id=row.execution_id,
            task=row.task,
            events=tuple(row.events),
            when=row.when,
            callback=_spec(row.callback, sealed),
            secret=sealed["secret"],
            max_in_flight=row.max_in_flight,
            retry=RetryPolicy(
                tuple(timedelta(seconds=s) for s in row.retry["delays_seconds"]),
                row.retry["jitter"],
            ),
            enabled=row.enabled,
            disabled_reason=row.disabled_reason,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


def _spec(callback: Mapping[str, Any], sealed: Mapping[str, Any]) -> CallbackSpec:
    members = dict(callback)
    timeout = timedelta(seconds=members.pop("timeout_seconds"))
    auth = sealed.get("auth")  # older rows were sealed without
    return CallbackSpec(
        **members,
        headers=sealed["headers"],
        auth=None if auth is None else auth_of(auth),
        options=sealed["options"],
        timeout=timeout,
    )


def _present() -> Any:  # noqa: ANN401 - SQLAlchemy's Select of a whole table
    return select(listeners).where(listeners.c.deleted_at.is_(None))


def _is(listener_id: ListenerId) -> Any:  # noqa: ANN401 - an SQL expression
    return (listeners.c.id == listener_id) & listeners.c.deleted_at.is_(None)


def _count(connection: Connection) -> int:
    """Count up; its row stays locked until the end, so versions commit in order."""
    mine = counters.c.name == _COUNTER
    connection.execute(
        update(counters).where(mine).values(number=counters.c.number + 1)
    )
    return _version(connection)


def _version(connection: Connection) -> int:
    query = select(func.coalesce(func.max(counters.c.number), 0))
    return int(connection.scalar(query.where(counters.c.name == _COUNTER)) or 0)


def _revision(
    connection: Connection, listener_id: ListenerId, known: int | None
) -> int:
    query = select(listeners.c.revision).where(_is(listener_id))
    revision = connection.scalar(query)
    if revision is None:
        raise NotFound("listener", listener_id)
    if known is not None and revision != known:
        raise OutOfDate(f"the listener is at revision {revision} now, not at {known}")
    return int(revision)


def _unique(connection: Connection, statement: Any, listener: Listener) -> None:  # noqa: ANN401 - an SQL statement
    try:
        connection.execute(statement)
    except IntegrityError as err:
        raise Conflict(
            f"project {listener.project} has a listener named {listener.name!r}"
        ) from err
