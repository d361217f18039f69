# SPDX-License-Identifier: Apache-2.0
"""The tables: what stands in each column.

Times are UTC. A listener is never deleted, only marked; what its callback must keep
secret stands sealed in one column. ``changed_in`` is the count of changes that a
listener was last changed in: an index in memory asks for what is newer than it knows.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)


class UtcTime(TypeDecorator[datetime]):
    """An aware time; kept as UTC also where the database knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Turn it into UTC, so that SQLite's text compares in order."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Give UTC back: SQLite drops the time zone, PostgreSQL tells its own."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value.astimezone(UTC)


metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for a column that says INTEGER.
_Sequence: Final = BigInteger().with_variant(Integer, "sqlite")


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index of those rows alone of which something is true."""
    of = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=of, postgresql_where=of)


settings: Final = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts about this database: ``key_fingerprint``, ``clock``."""

counters: Final = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""Each row is the common lock of those who count.

``listeners``: counts the changes of listeners. ``positions``: the last one given to an
event that is told in order.
"""

listeners: Final = Table(
    "listeners",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("project", String(255), nullable=False),
    Column("name", String(255)),
    Column("workbook", String(255)),
    Column("workflow", String(255)),
    Column("execution_id", String(255)),
    Column("task", String(255)),
    Column("events", JSON, nullable=False),
    Column("when", Text),
    Column("callback", JSON, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("max_in_flight", Integer, nullable=False),
    Column("retry", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text),
    Column("revision", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("deleted_at", UtcTime),
    Column("changed_in", BigInteger, nullable=False),
    Column("description", Text),
    Column("workbook_key", Text),
    Column("rate_per_second", Float),
    Column("filters", JSON),
    Column("ordered", Boolean, nullable=False, server_default=false()),
    Column("allowed_rate", Float),
    Column("untold", Boolean, nullable=False, server_default=false()),
    Column("starting", Boolean, nullable=False, server_default=false()),
    Index("ix_listeners_changed_in", "changed_in"),
    _partial(
        "ix_listeners_workbook", "project", "workbook", where="workbook_key IS NOT NULL"
    ),
    _partial("ix_listeners_untold", "id", where="untold"),
    _partial(
        "uq_listeners_project_name",
        "project",
        "name",
        where="deleted_at IS NULL",
        unique=True,
    ),
)
"""``workbook_key``: what its workbook knows it by; null: it was made by hand.
``allowed_rate``: webhooks a second that its receiver said it takes; null: it did not.
``untold``: a bridge turned it off, and no event tells of that yet.
``starting``: it is told of the past, and of nothing else until then."""

workbooks: Final = Table(
    "workbooks",
    metadata,
    Column("project", String(255), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
"""What each workbook says of callbacks; sealed, since headers and tokens are in it."""

events: Final = Table(
    "events",
    metadata,
    Column("position", _Sequence, primary_key=True, autoincrement=True),
    Column("source", String(255), nullable=False),
    Column("id", String(255), nullable=False),
    Column("type", String(80), nullable=False),
    Column("project", String(255), nullable=False),
    Column("execution_id", String(255), nullable=False),
    Column("routing_key", String(255), nullable=False),
    Column("time", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("queued", Boolean, nullable=False),
    Index("uq_events_source_id", "source", "id", unique=True),
    Index("ix_events_id", "id"),
    Index("ix_events_execution_id", "execution_id"),
    _partial("ix_events_queued", "position", where="queued"),
)
"""Every event taken in. ``queued``: it waits to be routed (no broker keeps it)."""

deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("listener_id", String(64), nullable=False),
    Column("project", String(255), nullable=False),
    Column("event_source", String(255), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("event_type", String(80), nullable=False),
    Column("execution_id", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcTime),
    Column("lease_owner", String(64)),
    Column("reason", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("position", BigInteger),
    Column("batch_id", String(64)),
    _partial("ix_deliveries_batch_id", "batch_id", where="batch_id IS NOT NULL"),
    _partial("ix_deliveries_dead", "created_at", "id", where="state = 'dead'"),
    _partial("ix_deliveries_due", "listener_id", "due_at", where="state = 'pending'"),
    _partial(
        "ix_deliveries_position",
        "listener_id",
        "execution_id",
        "position",
        where="state = 'pending' AND position IS NOT NULL",
    ),
    Index("ix_deliveries_event", "event_source", "event_id"),
    Index("ix_deliveries_listener_created", "listener_id", "created_at"),
    Index("ix_deliveries_execution", "execution_id"),
    Index("ix_deliveries_created_at", "created_at"),
)
"""``due_at``: when a bridge may take a pending one. ``lease_owner``: the bridge that has
it now; ``due_at`` is then when its lease ends. ``position``: its place among those of
its listener and execution; only the first of those that are pending is ever due.
``batch_id``: what it was last told in, together with others."""

batches: Final = Table(
    "batches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("listener_id", String(64), nullable=False),
    Column("project", String(255), nullable=False),
    Column("size", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("lease_owner", String(64)),
    Column("created_at", UtcTime, nullable=False),
    Index("ix_batches_due", "listener_id", "due_at"),
)
"""Batches that are not told yet. ``size``: how many deliveries are in it, 0 of one that is
not to be tried again; their ``due_at`` and ``lease_owner`` are the batch's."""

attempts: Final = Table(
    "attempts",
    metadata,
    Column("delivery_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("duration_seconds", Float, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("answer", LargeBinary, nullable=False),
)

lanes: Final = Table(
    "lanes",
    metadata,
    Column("listener_id", String(64), primary_key=True),
    Column("breaker", String(16), nullable=False),
    Column("since", UtcTime),
    Column("reason", Text),
    Column("in_flight_limit", Integer),
    Column("failing_since", UtcTime),
    Column("failed_at", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
)
"""How endpoints are that are not well. ``failing_since``: every attempt failed since."""

tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("project", String(255)),
    Column("role", String(16), nullable=False),
    Column("name", String(255)),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Index("uq_tokens_digest", "digest", unique=True),
    Index("ix_tokens_project", "project"),
)
"""``digest``: SHA-256 of the text, which is not kept. ``project``: null for every one."""

suspects: Final = Table(
    "suspects",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("crashes", Integer, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("marked_at", UtcTime, nullable=False),
)
"""Messages that came back again and again. ``owner``: the bridge that handles one now.
``crashes``: how many died before while they did."""

quarantine: Final = Table(
    "quarantine",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("routing_key", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    Column("position", BigInteger),
    Index("ix_quarantine_taken_at", "taken_at"),
)
"""What was set aside. ``message``: properties and headers (`store/messages`).
``position``: of the event in its table; null: it came from a broker."""
