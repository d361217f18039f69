# SPDX-License-Identifier: Apache-2.0
"""The outbox in real databases: committed with the engine's work, or not at all."""

import pytest
from sqlalchemy import MetaData, inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from notifier.errors import InvalidEvent
from notifier.publishers.outbox import Outbox, decode, outbox_table
from tests.loops import on_loop
from tests.outboxes import EngineDatabase, async_url, numbered


@pytest.fixture
def engine(database_url):
    with EngineDatabase(database_url) as engine:
        yield engine


@pytest.fixture
def session(engine):
    with Session(engine.engine) as session:
        yield session


def test_an_event_comes_back_as_it_was(engine):
    event = numbered(
        1,
        project="acme",
        attributes={"sequence": "7"},
        payload={"ä\0": [1, 2.5, None, "\U0001f4a1"]},
    )
    engine.commit(event)

    (row,) = engine.rows()
    kept = decode(row.event)
    assert (kept, kept.data, kept.attributes) == (event, event.data, event.attributes)
    assert row.event.isascii()
    assert (row.execution_id, row.size) == ("e1", len(row.event))


def test_events_are_committed_with_the_work_of_a_session(engine, session):
    session.execute(engine.do("charge"))
    engine.outbox.add(session, numbered(1), numbered(2))
    assert engine.waiting() == []

    session.commit()

    assert engine.waiting() == ["e1-1", "e1-2"]
    assert engine.done() == {"charge"}


def test_a_rollback_takes_the_events_with_it(engine, session):
    session.execute(engine.do("charge"))
    engine.outbox.add(session, numbered(1))

    session.rollback()

    assert engine.waiting() == []
    assert engine.done() == set()


def test_a_rollback_to_a_savepoint_takes_only_the_events_behind_it(engine, session):
    engine.outbox.add(session, numbered(1))
    with session.begin_nested() as savepoint:
        engine.outbox.add(session, numbered(2))
        savepoint.rollback()
    with session.begin_nested():
        engine.outbox.add(session, numbered(3))
    session.commit()

    assert engine.waiting() == ["e1-1", "e1-3"]


def test_work_that_the_database_refuses_takes_the_events_with_it(engine, session):
    session.execute(engine.do("charge"))
    session.commit()
    engine.outbox.add(session, numbered(1))

    with pytest.raises(IntegrityError):
        session.execute(engine.do("charge"))
    session.rollback()

    assert engine.waiting() == []


def test_a_connection_is_as_good_as_a_session(engine):
    with engine.engine.connect() as connection:
        engine.outbox.add(connection, numbered(1))
        connection.commit()
        engine.outbox.add(connection, numbered(2))
        connection.rollback()

    assert engine.waiting() == ["e1-1"]


def test_a_scoped_session_is_as_good_as_a_session(engine):
    scoped = scoped_session(sessionmaker(engine.engine))
    engine.outbox.add(scoped, numbered(1))
    scoped.commit()
    scoped.remove()

    assert engine.waiting() == ["e1-1"]


def test_a_session_that_knows_only_tables_finds_the_outboxs_database(engine):
    with Session(binds={engine.table: engine.engine}) as session, session.begin():
        engine.outbox.add(session, numbered(1))

    assert engine.waiting() == ["e1-1"]


@on_loop
async def test_asynchronous_sessions_and_connections_run_it_themselves(engine):
    asynchronous = create_async_engine(async_url(engine.url))
    async with AsyncSession(asynchronous) as session:
        await session.run_sync(engine.outbox.add, numbered(1))
        await session.commit()
        await session.run_sync(engine.outbox.add, numbered(2))
        await session.rollback()
    async with asynchronous.begin() as connection:
        await connection.run_sync(engine.outbox.add, numbered(3))
    await asynchronous.dispose()

    assert engine.waiting() == ["e1-1", "e1-3"]


@on_loop
async def test_an_asynchronous_session_itself_is_refused_with_the_way(engine):
    asynchronous = create_async_engine(async_url(engine.url))
    async with AsyncSession(asynchronous) as session:
        with pytest.raises(TypeError, match=r"await session\.run_sync\(outbox\.add"):
            engine.outbox.add(session, numbered(1))
    await asynchronous.dispose()


def test_many_events_of_one_call_keep_their_order(engine):
    events = [numbered(n, f"e{n % 3}") for n in range(2500)]

    with engine.engine.begin() as connection:
        engine.outbox.add(connection, *events)

    assert engine.waiting() == [event.id for event in events]


def test_an_event_that_fits_no_bus_is_refused_with_all_beside_it(engine, session):
    large = numbered(2, payload="x" * 1024 * 1024)

    with pytest.raises(InvalidEvent, match="at most 1 MiB"):
        engine.outbox.add(session, numbered(1), large)
    session.commit()

    assert engine.waiting() == []


def test_nothing_to_write_begins_no_transaction(engine, session):
    engine.outbox.add(session)

    assert not session.in_transaction()


def test_a_number_is_never_given_twice(engine):
    """Else a relay could remove what it never read."""
    engine.commit(numbered(1))
    (first,) = engine.rows()
    with engine.engine.begin() as connection:
        connection.execute(engine.table.delete())
    engine.commit(numbered(2))

    (second,) = engine.rows()
    assert second.id > first.id


def test_the_table_is_one_of_the_engines_own(engine):
    metadata = MetaData()
    table = outbox_table(metadata, "events_to_tell")
    metadata.create_all(engine.engine)

    with engine.engine.begin() as connection:
        Outbox(table).add(connection, numbered(1))
        assert inspect(connection).has_table("events_to_tell")


def test_a_table_in_another_schema_is_found_there():
    table = outbox_table(MetaData(), "engine.outbox")

    assert (table.schema, table.name) == ("engine", "outbox")
    assert outbox_table(MetaData(schema="engine")).schema == "engine"
