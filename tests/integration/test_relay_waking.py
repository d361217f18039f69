# SPDX-License-Identifier: Apache-2.0
"""A relay that has nothing to do hears of an event at once, and is quiet until then."""

import statistics
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from notifier.relay import Relay, postgresql
from notifier.relay.bell import Bell
from notifier.relay.opening import open_engine, reader_of
from tests import figures
from tests.outboxes import (
    PATIENCE_SECONDS,
    EngineDatabase,
    numbered,
    running,
    wait_until,
)
from tests.spoiled_bus import SpoiledBus

TIMES = 10
FAR_OFF_SECONDS = 10 * PATIENCE_SECONDS
SOON_SECONDS = 0.3  # measured on a quiet machine: 0.01


@pytest.fixture
def bus():
    return SpoiledBus()


def seconds_until_told(engine, bus, number):
    started = time.monotonic()
    engine.commit(numbered(number))
    bus.wait_for(lambda bus: f"e1-{number}" in bus.taken)
    return time.monotonic() - started


@pytest.fixture
def _no_looks(monkeypatch):
    """Let the relay look only when it is woken."""
    monkeypatch.setattr(postgresql, "LOOK_SECONDS", FAR_OFF_SECONDS)


@pytest.mark.usefixtures("_no_looks")
def test_a_commit_in_postgresql_wakes_the_relay(postgres_url, bus):
    with (
        EngineDatabase(postgres_url) as engine,
        Relay(postgres_url, bus) as relay,
        running(relay),
    ):
        took = [seconds_until_told(engine, bus, n) for n in range(TIMES)]

    median = f"{statistics.median(took) * 1000:.0f} ms"
    figures.note({"outbox on PostgreSQL: from commit to broker": median})
    assert statistics.median(took) < SOON_SECONDS


@pytest.mark.usefixtures("_no_looks")
def test_a_relay_that_was_cut_off_listens_again(postgres_url, bus):
    with (
        EngineDatabase(postgres_url) as engine,
        Relay(postgres_url, bus) as relay,
        running(relay),
    ):
        seconds_until_told(engine, bus, 1)
        wait_until(lambda: listeners(engine))
        for pid in listeners(engine):
            say(engine, "SELECT pg_terminate_backend(:pid)", pid=pid)
        wait_until(lambda: listeners(engine))
        seconds_until_told(engine, bus, 2)


def listeners(engine):
    """Return the pids of connections that do nothing but listen."""
    return say(
        engine,
        "SELECT pid FROM pg_stat_activity"
        " WHERE application_name = 'workflow-notifier-relay' AND query LIKE :word",
        word="LISTEN %",
    )


def say(engine, statement, **values):
    with engine.engine.connect() as connection:
        return connection.scalars(text(statement), values).all()


def test_an_engine_that_does_not_notify_is_looked_at(postgres_url, bus):
    with (
        EngineDatabase(postgres_url, notify=False) as engine,
        Relay(postgres_url, bus) as relay,
        running(relay),
    ):
        took = [seconds_until_told(engine, bus, n) for n in range(2)]

    assert max(took) < PATIENCE_SECONDS


def test_in_sqlite_looks_become_rare_while_there_is_nothing(tmp_path):
    waits = []

    class NotedBell(Bell):
        """Waits for nobody, and notes how long it was told to."""

        def wait(self, seconds, descriptor=None):
            waits.append(seconds)
            return super().wait(0, descriptor)

    url, bell = f"sqlite:///{tmp_path}/engine.db", NotedBell()
    with EngineDatabase(url) as engine:
        reader = reader_of(
            open_engine(url), engine.table.name, bell, patience=timedelta()
        )
        for _ in range(7):
            with reader.turn() as turn:
                assert turn.rows == []
            reader.wait()
        engine.commit(numbered(1))
        with reader.turn() as turn:
            turn.note([row.id for row in turn.rows], {})
        reader.wait()
        reader.close()
        bell.close()

    assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1, 1, 0.05]
