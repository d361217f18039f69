# SPDX-License-Identifier: Apache-2.0
"""An engine that keeps its work in a database of its own, with an outbox beside it."""

import threading
import time
from contextlib import contextmanager

import kombu
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
from notifier.topology import BRIDGE_QUEUE, OUTBOX_TABLE

PATIENCE_SECONDS = 30


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


def published(amqp_url):
    """Take all that waits for the bridge and return the ids, in their order."""
    ids = []
    with kombu.Connection(amqp_url) as connection:
        channel = connection.channel()
        count = channel.queue_declare(BRIDGE_QUEUE, passive=True).message_count
        channel.basic_consume(
            BRIDGE_QUEUE,
            no_ack=True,
            callback=lambda message: ids.append(message.properties["message_id"]),
        )
        while len(ids) < count:
            connection.drain_events(timeout=PATIENCE_SECONDS)
    return ids


def wait_until(is_so, seconds=PATIENCE_SECONDS):
    """Wait until something holds, by looking.

    Raises:
        AssertionError: It never did.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.01)


@contextmanager
def running(*relays):
    """Let relays run in threads of their own; stop them at the end."""
    threads = [threading.Thread(target=relay.run) for relay in relays]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for relay in relays:
            relay.stop()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
    assert not any(thread.is_alive() for thread in threads)
