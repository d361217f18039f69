# SPDX-License-Identifier: Apache-2.0
"""The relay on real databases: what it moves, in which order, and who is at it."""

import logging
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from notifier.errors import OutboxError, SettingsError, Unreachable, Unroutable
from notifier.relay import Relay, Tally
from notifier.relay.rows import MAX_BYTES, MAX_ROWS
from notifier.relay.sending import AT_ONCE
from tests.outboxes import EngineDatabase, numbered, running
from tests.spoiled_bus import PATIENCE_SECONDS, SpoiledBus


@pytest.fixture
def engine(database_url):
    with EngineDatabase(database_url) as engine:
        yield engine


@pytest.fixture
def bus():
    return SpoiledBus()


@pytest.fixture
def relay(engine, bus):
    with Relay(engine.url, bus) as relay:
        yield relay


def test_what_was_published_is_removed(engine, relay, bus):
    engine.commit(numbered(1), numbered(2, "e2"), numbered(3))

    relay.run_once()

    assert sorted(bus.taken) == ["e1-1", "e1-3", "e2-2"]
    assert engine.rows() == []
    assert relay.tally == Tally(published=3)


def test_an_executions_events_keep_their_order(engine, relay, bus):
    events = [numbered(n, f"e{n % 7}") for n in range(2 * MAX_ROWS + 500)]
    with engine.engine.begin() as connection:
        engine.outbox.add(connection, *events)

    relay.run_once()

    assert len(bus.taken) == len(events)
    for execution in range(7):
        name = f"e{execution}-"
        assert [one for one in bus.taken if one.startswith(name)] == [
            event.id for event in events if event.id.startswith(name)
        ]


def test_a_batch_holds_no_more_than_fits(engine, relay, bus):
    events = [numbered(n, payload="x" * 900_000) for n in range(12)]
    engine.commit(*events)

    with relay._reader.turn() as turn:
        assert MAX_BYTES <= sum(len(row.event) for row in turn.rows) < 2 * MAX_BYTES
        turn.note([], {})
    relay.run_once()
    assert bus.taken == [event.id for event in events]


def test_an_engine_that_commits_late_is_not_passed_over(postgres_url, bus):
    """Numbers are given in the order of writing, not of committing."""
    with EngineDatabase(postgres_url) as engine, Relay(postgres_url, bus) as relay:
        with engine.engine.connect() as late:
            engine.outbox.add(late, numbered("late"))
            engine.commit(numbered("early", "e2"))
            relay.run_once()
            late.commit()
        relay.run_once()

    assert bus.taken == ["e2-early", "e1-late"]


def test_while_the_bus_is_away_nothing_is_removed_and_nothing_counts(
    engine, relay, bus
):
    bus.trouble = lambda ids: Unreachable("no answer", ids)
    engine.commit(numbered(1))
    with running(relay):
        bus.wait_for(lambda bus: len(bus.calls) >= 3)
        (row,) = engine.rows()
        assert (row.attempts, row.due_at) == (0, None)

        bus.trouble = lambda _: None
        bus.wait_for(lambda bus: bus.taken == ["e1-1"])


def test_of_a_batch_that_was_taken_in_part_only_the_rest_comes_again(
    engine, relay, bus
):
    engine.commit(*(numbered(n) for n in range(5)))
    bus.faults = {"e1-3": Unreachable("late"), "e1-4": Unreachable("late")}

    with pytest.raises(Unreachable, match="late"):
        relay.run_once()

    assert engine.waiting() == ["e1-3", "e1-4"]


def test_a_bus_that_is_slow_is_given_no_more_of_a_batch_than_it_takes(
    engine, bus, caplog
):
    bus.slowness = 0.1
    events = [numbered(n) for n in range(3 * AT_ONCE)]
    with engine.engine.begin() as connection:
        engine.outbox.add(connection, *events)

    with (
        caplog.at_level(logging.INFO, "notifier.relay"),
        Relay(engine.url, bus, timeout=timedelta(seconds=bus.slowness / 2)) as relay,
    ):
        relay.run_once()

    assert bus.taken == [event.id for event in events]
    assert [record.events for record in caplog.records] == [AT_ONCE] * 3


def test_one_line_tells_of_a_batch(engine, relay, bus, caplog):
    bus.faults = {"e1-1": Unroutable("no queue")}
    engine.commit(numbered(1), numbered(1, "e2"), numbered(1, "e3"))

    with caplog.at_level(logging.INFO, "notifier.relay"):
        relay.run_once()

    (record,) = caplog.records
    assert (record.message, record.levelname) == ("batch relayed", "WARNING")
    assert (record.events, record.refused, record.set_aside) == (2, 1, 0)
    assert record.fault == "Unroutable: no queue"
    assert 0 <= record.behind_seconds < PATIENCE_SECONDS


def test_of_two_relays_one_is_at_work(engine, relay):
    engine.commit(numbered(1))
    other_bus = SpoiledBus()
    with relay._reader.turn() as turn, Relay(engine.url, other_bus) as other:
        assert turn.rows
        other.run_once()
        assert other_bus.calls == []
        turn.note([], {})
    relay.close()

    with Relay(engine.url, other_bus) as other:
        other.run_once()
    assert other_bus.taken == ["e1-1"]


def test_an_outbox_that_is_made_later_is_found_then(database_url, bus):
    engine = EngineDatabase(database_url)
    engine.engine.connect().close()  # SQLite makes its file
    engine.engine.dispose()
    with Relay(database_url, bus) as relay:
        with pytest.raises(OutboxError, match="`notifier outbox-create` makes it"):
            relay.run_once()
        with engine:
            engine.commit(numbered(1))
            relay.run_once()

    assert bus.taken == ["e1-1"]


def test_an_outbox_may_have_another_name(database_url, bus):
    with (
        EngineDatabase(database_url, table='odd "name"') as engine,
        Relay(database_url, bus, table='odd "name"') as relay,
    ):
        engine.commit(numbered(1))
        relay.run_once()

    assert bus.taken == ["e1-1"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "must look like postgresql://"),
        ("mysql://h/x", "no relay reads mysql"),
        ("sqlite://", "needs a file"),
    ],
)
def test_a_url_that_no_relay_can_use_is_refused(url, reason, bus):
    with pytest.raises(SettingsError, match=reason):
        Relay(url, bus)


def test_a_file_that_is_not_there_is_not_made(tmp_path, bus):
    path = tmp_path / "engine.db"
    with (
        Relay(f"sqlite:///{path}", bus) as relay,
        pytest.raises(OutboxError, match="there is no file"),
    ):
        relay.run_once()

    assert not path.exists()


def test_a_turn_reads_no_more_than_it_needs_however_much_waits(postgres_url, bus):
    """Also before PostgreSQL has gathered statistics, and while many rest."""
    with EngineDatabase(postgres_url) as engine:
        for start in range(0, 10 * MAX_ROWS, MAX_ROWS):
            events = [numbered(n, f"e{n}") for n in range(start, start + MAX_ROWS)]
            with engine.engine.begin() as connection:
                engine.outbox.add(connection, *events)
        rest = update(engine.table).values(due_at=datetime.now(UTC) + timedelta(1))
        with engine.engine.begin() as connection:
            connection.execute(rest.where(engine.table.c.execution_id.like("e1%")))
        before = rows_read(engine)
        with Relay(postgres_url, bus) as relay, relay._reader.turn() as turn:
            assert len(turn.rows) == MAX_ROWS
            turn.note([], {})

        assert rows_read(engine) - before < 5 * MAX_ROWS


def rows_read(engine):
    """Return how many rows of the outbox PostgreSQL has read so far."""
    engine.engine.dispose()  # it counts at the latest when a connection ends
    query = text(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables"
        " WHERE relid = to_regclass(:name)"
    )
    with engine.engine.connect() as connection:
        return connection.scalar(query, {"name": engine.table.name})


def test_a_lock_that_cannot_be_taken_is_told(tmp_path, bus):
    url = f"sqlite:///{tmp_path}/engine.db"
    (tmp_path / "engine.db.relay.lock").mkdir()
    with (
        EngineDatabase(url),
        Relay(url, bus) as relay,
        pytest.raises(OutboxError, match=r"engine\.db\.relay\.lock: Is a directory"),
    ):
        relay.run_once()


def test_postgresql_without_its_library_says_what_to_install(monkeypatch, bus):
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(SettingsError, match=r"workflow-notifier\[postgresql\]"):
        Relay("postgresql://h/x", bus)
