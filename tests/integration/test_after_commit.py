# SPDX-License-Identifier: Apache-2.0
"""Events that wait for the commit of a session, on real databases."""

import asyncio
import logging
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from notifier.notifier import Notifier
from notifier.publishers.memory import MemoryPublisher
from tests.loops import on_loop, until
from tests.outboxes import EngineDatabase, async_url, numbered

PATIENCE = timedelta(seconds=5)


@pytest.fixture
def engine(database_url):
    with EngineDatabase(database_url) as engine:
        yield engine


@pytest.fixture
def session(engine):
    with Session(engine.engine) as session:
        session.execute(engine.do("charge"))
        yield session


@pytest.fixture
def told(events):
    """Return the ids of what was published so far."""
    return lambda: [event.id for event in events]


def test_events_are_told_after_the_commit_in_their_order(session, notifier, told):
    notifier.after_commit(session, numbered(2))
    notifier.after_commit(session, numbered(1))
    assert told() == []

    session.commit()

    assert told() == ["e1-2", "e1-1"]
    session.commit()
    assert told() == ["e1-2", "e1-1"]


def test_what_is_told_is_committed_already(engine, session):
    seen = []
    bus = MemoryPublisher()
    bus.bind("#", lambda _: seen.append(engine.done()))
    with Notifier(bus) as notifier:
        notifier.after_commit(session, numbered(1))
        session.commit()

    assert seen == [{"charge"}]


def test_a_rollback_drops_them(session, notifier, told):
    notifier.after_commit(session, numbered(1))
    session.rollback()
    notifier.after_commit(session, numbered(2))
    session.commit()

    assert told() == ["e1-2"]


def test_a_session_that_is_closed_without_a_commit_drops_them(
    engine, session, notifier, told
):
    notifier.after_commit(session, numbered(1))
    session.close()
    session.execute(engine.do("refund"))
    session.commit()

    assert told() == []


def test_a_commit_that_the_database_refuses_drops_them(engine, session, notifier, told):
    session.commit()
    notifier.after_commit(session, numbered(1))
    with pytest.raises(IntegrityError):
        session.execute(engine.do("charge"))
    session.rollback()

    assert told() == []


def test_a_rollback_to_a_savepoint_drops_what_came_behind_it(session, notifier, told):
    notifier.after_commit(session, numbered("before"))
    outer = session.begin_nested()
    notifier.after_commit(session, numbered("outer"))
    inner = session.begin_nested()
    notifier.after_commit(session, numbered("inner"))
    inner.rollback()
    notifier.after_commit(session, numbered("outer again"))
    outer.commit()
    lost = session.begin_nested()
    with session.begin_nested():
        notifier.after_commit(session, numbered("released, then lost"))
    lost.rollback()
    notifier.after_commit(session, numbered("behind"))
    assert told() == []

    session.commit()

    assert told() == ["e1-before", "e1-outer", "e1-outer again", "e1-behind"]


def test_a_commit_takes_the_savepoints_with_it(session, notifier, told):
    session.begin_nested()
    notifier.after_commit(session, numbered(1))

    session.commit()  # releases the savepoint first
    session.commit()

    assert told() == ["e1-1"]


def test_what_is_handed_over_before_there_is_a_transaction_waits_for_the_next(
    engine, notifier, told
):
    with Session(engine.engine) as session:
        notifier.after_commit(session, numbered(1))
        with session.begin():
            session.execute(engine.do("charge"))
            assert told() == []

    assert told() == ["e1-1"]


def test_each_notifier_tells_its_own_in_one_go(session):
    batches = []

    def a_notifier(name):
        bus = MemoryPublisher()
        bus.bind("#", lambda p: batches.append((name, [one.event.id for one in p])))
        return Notifier(bus)

    with a_notifier("a") as a, a_notifier("b") as b:
        a.after_commit(session, numbered(1))
        b.after_commit(session, numbered(2))
        a.after_commit(session, numbered(3))
        session.commit()

    assert batches == [("a", ["e1-1", "e1-3"]), ("b", ["e1-2"])]


def test_a_bus_that_fails_does_not_make_the_commit_fail(engine, session, caplog):
    closed = MemoryPublisher()
    closed.close()
    notifier = Notifier(closed, on_error="raise")
    notifier.after_commit(session, numbered(1))

    with caplog.at_level(logging.ERROR):
        session.commit()

    assert engine.done() == {"charge"}
    assert [record.event_ids for record in caplog.records] == [("e1-1",)]


def test_the_connection_is_given_back_before_the_bus_is_waited_for(engine, session):
    free = []
    bus = MemoryPublisher()
    bus.bind("#", lambda _: free.append(engine.engine.pool.checkedout()))
    with Notifier(bus) as notifier:
        notifier.after_commit(session, numbered(1))
        session.commit()

    assert free == [0]


def test_a_scoped_session_is_as_good_as_its_own(engine, notifier, told):
    scoped = scoped_session(sessionmaker(engine.engine))
    scoped.execute(engine.do("charge"))
    notifier.after_commit(scoped, numbered(1))
    scoped.commit()
    scoped.remove()

    assert told() == ["e1-1"]


@pytest.fixture
def asynchronous(engine):
    return create_async_engine(async_url(engine.url))


@on_loop
async def test_an_asynchronous_session_tells_after_its_commit(
    engine, asynchronous, notifier, told
):
    async with AsyncSession(asynchronous) as session:
        await session.execute(engine.do("charge"))
        notifier.after_commit(session, numbered(1))
        async with session.begin_nested() as savepoint:
            notifier.after_commit(session, numbered(2))
            await savepoint.rollback()
        await session.commit()
        notifier.after_commit(session, numbered(3))
        await session.rollback()
    await asynchronous.dispose()

    assert told() == ["e1-1"]


@on_loop
async def test_an_asynchronous_scoped_session_is_as_good_as_its_own(
    asynchronous, notifier, told
):
    scoped = async_scoped_session(
        async_sessionmaker(asynchronous), scopefunc=asyncio.current_task
    )
    notifier.after_commit(scoped, numbered(1))
    await scoped.commit()
    await scoped.remove()
    await asynchronous.dispose()

    assert told() == ["e1-1"]


@on_loop
async def test_the_loop_goes_on_while_the_bus_is_waited_for(asynchronous):
    called, goes_on = threading.Event(), threading.Event()
    waited = []

    def hand_over(_):
        called.set()
        waited.append(goes_on.wait(PATIENCE.total_seconds()))

    async def be_alive():
        await until(called.is_set)
        goes_on.set()

    bus = MemoryPublisher()
    bus.bind("#", hand_over)
    async with AsyncSession(asynchronous) as session:
        Notifier(bus).after_commit(session, numbered(1))
        await asyncio.gather(session.commit(), be_alive())
    await asynchronous.dispose()

    assert waited == [True]


WITHOUT_GREENLET = """
import sys
sys.modules["greenlet"] = None
from sqlalchemy import MetaData, create_engine
from sqlalchemy.orm import Session
from notifier import Event, Notifier
from notifier.publishers.memory import MemoryPublisher
from notifier.publishers.outbox import Outbox, outbox_table

bus, metadata, engine = MemoryPublisher(), MetaData(), create_engine("sqlite://")
bus.bind("#", lambda published: print(*(one.event.type for one in published)))
outbox = Outbox(outbox_table(metadata))
metadata.create_all(engine)
with Session(engine) as session:
    event = Event.new("execution.started", execution="e1")
    outbox.add(session, event)
    Notifier(bus).after_commit(session, event)
    session.commit()
"""


def test_plain_sessions_need_no_greenlet():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_GREENLET],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("execution.started\n", "")
