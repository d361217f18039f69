# SPDX-License-Identifier: Apache-2.0
"""Writes events into a table of the engine's database, in the engine's own transaction.

An event is committed together with the work that it tells of, or not at all. From there
`notifier relay` brings it to the bus. This is no `Publisher`: a publisher confirms that
the bus has an event, while here the caller's commit decides, and only later.
"""

import json
from typing import Any

from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.topology import OUTBOX_TABLE
from notifier.wire import from_cloudevent, routing_key, to_cloudevent
from notifier.wire.body import check_size, encode_json

try:
    from sqlalchemy import (
        BigInteger,
        Column,
        Connection,
        DateTime,
        Identity,
        Index,
        Integer,
        MetaData,
        String,
        Table,
        Text,
        func,
        insert,
    )
    from sqlalchemy.orm import Session, scoped_session
except ImportError as err:  # pragma: no cover - the tests have it installed
    raise ImportError("install workflow-notifier[outbox]") from err


def outbox_table(metadata: MetaData, name: str = OUTBOX_TABLE) -> Table:
    """Add the outbox's table to the engine's own, to be made and migrated with them.

    ::

        id            grows in the order of writing
        execution_id  whose events are published in that order
        event         as one CloudEvents object; JSON in ASCII
        size          of it, in bytes
        attempts      that were refused
        due_at        when it may be tried again, and all behind it of its execution
        set_aside_at  when it was given up
        reason        why it was refused the last time

    Args:
        metadata: Of the engine.
        name: ``name``, or ``schema.name``.
    """
    schema, _, name = name.rpartition(".")
    table = Table(
        name,
        metadata,
        Column(
            "id",
            BigInteger().with_variant(Integer, "sqlite"),
            Identity(),
            primary_key=True,
        ),
        Column("execution_id", String(255), nullable=False),
        Column("event", Text, nullable=False),
        Column("size", Integer, nullable=False),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("due_at", DateTime(timezone=True)),
        Column("set_aside_at", DateTime(timezone=True)),
        Column("reason", Text),
        schema=schema or metadata.schema,
        # Else a number could be given twice, and a relay remove what it never read.
        sqlite_autoincrement=True,
    )
    for what, column, condition in (
        ("waiting", table.c.id, table.c.set_aside_at.is_(None)),
        ("resting", table.c.execution_id, table.c.due_at.is_not(None)),
    ):
        Index(
            f"ix_{name}_{what}",
            column,
            sqlite_where=condition,
            postgresql_where=condition,
        )
    return table


class Outbox:
    """Writes events into one table. Safe to share between threads.

    Args:
        table: As `outbox_table` makes it.
        notify: On PostgreSQL, wake the relay at the commit. Commits that do so pass one
            after the other (`NOTIFY` takes a lock): turn it off for an engine with many
            hundred commits a second; the relay looks every second, too.

    Example:
        >>> from sqlalchemy import MetaData, create_engine
        >>> metadata = MetaData()
        >>> outbox = Outbox(outbox_table(metadata))
        >>> engine = create_engine("sqlite://")
        >>> metadata.create_all(engine)
        >>> with Session(engine) as session, session.begin():
        ...     outbox.add(session, Event.new("execution.started", execution="e1"))
    """

    def __init__(self, table: Table, *, notify: bool = True) -> None:
        self._table = table
        self._insert = insert(table)
        self._insert_and_notify = self._insert
        if notify:
            # Said once for each row, PostgreSQL sends it once for each commit.
            self._insert_and_notify = self._insert.returning(
                func.pg_notify(table.name, "")
            )

    def add(
        self, session: Session | scoped_session[Any] | Connection, *events: Event
    ) -> None:
        """Write events, to be published once the caller commits.

        From an `AsyncSession` or `AsyncConnection`: ``await
        session.run_sync(outbox.add, event)``.

        Args:
            session: Of SQLAlchemy, or a connection; its transaction is begun if need be
                and left open.
            events: Those of one execution are published in the order of this call.

        Raises:
            InvalidEvent: One of them fits no bus; none was written.
            TypeError: The session is an asynchronous one.
        """
        if hasattr(session, "run_sync"):
            raise TypeError("write: await session.run_sync(outbox.add, event)")
        rows = [_row(event) for event in events]
        if not rows:
            return
        if isinstance(session, Connection):
            connection = session
        else:
            connection = session.connection(bind_arguments={"clause": self._table})
        is_postgresql = connection.dialect.name == "postgresql"
        statement = self._insert_and_notify if is_postgresql else self._insert
        connection.execute(statement, rows)


def decode(text: str) -> Event:
    """Return the event that a row holds.

    Raises:
        InvalidEvent: It holds none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise InvalidEvent("event", f"is no JSON: {err}") from err
    return from_cloudevent(value)


def _row(event: Event) -> dict[str, Any]:
    routing_key(event)  # what fits no broker would only be found out behind the commit
    members = to_cloudevent(event)
    text = encode_json("data", members).decode()
    if not text.isascii():
        text = json.dumps(members, separators=(",", ":"))  # fits every encoding
    check_size(text)
    return {"execution_id": event.execution_id, "event": text, "size": len(text)}
