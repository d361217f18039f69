# SPDX-License-Identifier: Apache-2.0
"""An engine that keeps its work in a database of its own, with an outbox beside it."""

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    select,
)
from sqlalchemy.engine import make_url

from notifier.event import Event
from notifier.publishers.outbox import Outbox, decode, outbox_table
from notifier.topology import OUTBOX_TABLE


def sync_url(url):
    """Return a database's URL with the driver that plain sessions take."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def async_url(url):
    """Return a database's URL with the driver that asynchronous sessions take."""
    parsed = sync_url(url)
    if parsed.get_backend_name() == "sqlite":
        parsed = parsed.set(drivername="sqlite+aiosqlite")
    return parsed


def numbered(number, execution="e1", **data):
    """Return the event of this number of an execution."""
    return Event.new(
        "task.failed",
        event_id=f"{execution}-{number}",
        execution=execution,
        task="charge",
        **data,
    )


class EngineDatabase:
    """A context manager; makes the engine's tables, the outbox among them.

    Attributes:
        engine: Of SQLAlchemy.
        outbox: Writes into the table.
        work: A table of the engine's own: what it did, by name.
    """

    def __init__(self, url, *, table=OUTBOX_TABLE, notify=True):
        self.url = url
        self.engine = create_engine(sync_url(url))
        metadata = MetaData()
        self.table = outbox_table(metadata, table)
        self.outbox = Outbox(self.table, notify=notify)
        self.work = Table(
            "work",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("name", String(40), unique=True),
        )
        self._metadata = metadata

    def __enter__(self):
        self._metadata.create_all(self.engine)
        return self

    def __exit__(self, *_):
        self.engine.dispose()

    def do(self, name):
        """Return the statement that notes a piece of work."""
        return insert(self.work).values(name=name)

    def commit(self, *events):
        """Write events, each in a transaction of its own."""
        for event in events:
            with self.engine.begin() as connection:
                self.outbox.add(connection, event)

    def done(self):
        """Return the names of all work that is committed."""
        with self.engine.connect() as connection:
            return set(connection.scalars(select(self.work.c.name)))

    def rows(self):
        """Return all rows of the outbox, in their order."""
        query = select(self.table).order_by(self.table.c.id)
        with self.engine.connect() as connection:
            return connection.execute(query).all()

    def waiting(self):
        """Return the ids of all events in the outbox, in their order."""
        return [decode(row.event).id for row in self.rows()]
