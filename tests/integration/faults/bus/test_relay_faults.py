# SPDX-License-Identifier: Apache-2.0
"""Nothing is lost between an outbox and RabbitMQ, whoever is killed."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from notifier.errors import OutboxError
from notifier.publishers.amqp import AmqpPublisher
from notifier.relay import Relay
from notifier.relay.bell import Bell
from notifier.relay.opening import open_engine, reader_of
from tests.architecture.tree import ROOT
from tests.dying_engine import NAME, events_of
from tests.integration.commands import Running, notifier
from tests.outboxes import (
    EngineDatabase,
    numbered,
    published,
    running,
    wait_until,
)

EXECUTIONS = 20
POINTS = 50
SHORT = timedelta(seconds=2)

# RabbitMQ 3.10 loses a quorum queue that is younger than about a second when killed.
QUORUM_SECONDS = 1.5


@pytest.fixture
def engine(database_url):
    with EngineDatabase(database_url) as engine:
        yield engine


@pytest.fixture
def postgres_engine(postgres_url):
    with EngineDatabase(postgres_url) as engine:
        yield engine


def fill(engine, first, last):
    """Commit events of these numbers, some in each transaction; return their ids."""
    events = [numbered(n, f"e{n % EXECUTIONS}") for n in range(first, last)]
    for start in range(0, len(events), 50):
        with engine.engine.begin() as connection:
            engine.outbox.add(connection, *events[start : start + 50])
    return [event.id for event in events]


def per_execution(ids):
    """Return the ids of each execution in their order, each where it came first."""
    found = {}
    for one in dict.fromkeys(ids):
        found.setdefault(one.partition("-")[0], []).append(one)
    return found


def count(engine):
    query = select(func.count()).select_from(engine.table)
    with engine.engine.connect() as connection:
        return connection.scalar(query)


def test_an_engine_that_is_killed_around_its_commit_loses_nothing_and_tells_no_lies(
    engine, amqp_url
):
    done = subprocess.run(
        [sys.executable, "-m", "tests.dying_engine", engine.url, str(POINTS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    if engine.engine.dialect.name == "postgresql":
        wait_until(lambda: not _still_served(engine))

    with Relay(engine.url, AmqpPublisher(amqp_url)) as relay:
        relay.run_once()

    work = engine.done()
    assert int(done.stdout) >= 2 * POINTS * 0.9
    assert len(work) > POINTS
    assert all(name.endswith(" stands") for name in work)
    told = published(amqp_url)
    assert sorted(told) == sorted(e.id for name in work for e in events_of(name))


def _still_served(engine):
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = :name"
    with engine.engine.connect() as connection:
        return connection.scalar(text(query), {"name": NAME})


def test_a_relay_that_is_killed_repeats_some_and_loses_none(engine, amqp_url):
    ids = fill(engine, 0, 6000)
    arguments = ("relay", "--database", engine.url)
    for _ in range(3):
        left = count(engine)
        with Running(*arguments, AMQP_URL=amqp_url):
            wait_until(lambda left=left: count(engine) < left)
        # killed: the next batch is under way
    last = notifier(*arguments, "--once", AMQP_URL=amqp_url)

    assert last.returncode == 0, last.stderr
    told = published(amqp_url)
    assert per_execution(told) == per_execution(ids)
    assert len(told) <= 6000 + 3 * 1000


def test_two_relays_tell_nothing_twice(engine, amqp_url):
    with (
        Relay(engine.url, AmqpPublisher(amqp_url)) as one,
        Relay(engine.url, AmqpPublisher(amqp_url)) as two,
        running(one, two),
    ):
        ids = fill(engine, 0, 2000)
        wait_until(lambda: not count(engine))

    told = published(amqp_url)
    assert len(told) == len(ids)
    assert per_execution(told) == per_execution(ids)


def test_a_broker_that_is_killed_costs_nothing(postgres_engine, own_rabbit):
    engine = postgres_engine
    with (
        Relay(engine.url, AmqpPublisher(own_rabbit.url), timeout=SHORT) as relay,
        running(relay),
        written_all_the_time(engine) as ids,
    ):
        wait_until(lambda: relay.tally.published)
        threading.Event().wait(QUORUM_SECONDS)
        own_rabbit.kill()
        wait_until(lambda: count(engine) > 100)
        own_rabbit.start()
        before = relay.tally.published
        wait_until(lambda: relay.tally.published > before)
    with Relay(engine.url, AmqpPublisher(own_rabbit.url)) as relay:
        relay.run_once()

    assert per_execution(published(own_rabbit.url)) == per_execution(ids)


@contextmanager
def written_all_the_time(engine):
    """Let the engine work until the end of the context; give the ids of its events."""
    stop, ids = threading.Event(), []

    def write():
        while not stop.wait(0.02):
            ids.extend(fill(engine, len(ids), len(ids) + 10))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield ids
    finally:
        stop.set()
        writer.join()


def test_a_database_that_is_killed_and_frozen_costs_nothing(own_postgres, amqp_url):
    with (
        EngineDatabase(own_postgres.database("engine")) as engine,
        Relay(engine.url, AmqpPublisher(amqp_url)) as relay,
    ):
        ids = fill(engine, 0, 5000)
        with running(relay):
            wait_until(lambda: relay.tally.published)
            own_postgres.kill()
            own_postgres.start()
            engine.engine.dispose()
            wait_until(lambda: not count(engine))
            own_postgres.freeze()
            own_postgres.thaw()
            ids += fill(engine, 5000, 5050)
            wait_until(lambda: not count(engine))

    assert per_execution(published(amqp_url)) == per_execution(ids)


def test_a_relay_that_hangs_leaves_its_turn_to_another(postgres_engine):
    postgres_engine.commit(numbered(1))
    name, bell = postgres_engine.table.name, Bell()
    hung, other = (
        reader_of(
            open_engine(postgres_engine.url), name, bell, patience=timedelta(seconds=p)
        )
        for p in (0.5, 60)
    )

    def has_its_turn():
        with other.turn() as turn:
            return turn is not None and [row.execution_id for row in turn.rows]

    turn = hung.turn()
    rows = turn.__enter__().rows
    assert not has_its_turn()
    wait_until(lambda: has_its_turn() == ["e1"])
    with pytest.raises(OutboxError):
        turn.__exit__(None, None, None)

    assert len(rows) == 1
    for one in (hung, other, bell):
        one.close()
