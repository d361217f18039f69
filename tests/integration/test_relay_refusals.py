# SPDX-License-Identifier: Apache-2.0
"""The relay before a bus that will not have some events."""

import pytest
from sqlalchemy import update

from notifier.errors import Conflict, InvalidEvent, Refused, Unreachable, Unroutable
from notifier.relay import Relay
from notifier.relay.fate import MAX_ATTEMPTS
from tests.outboxes import EngineDatabase, numbered
from tests.spoiled_bus import SpoiledBus


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


def make_due(engine):
    """Let the time pass that rows rest for."""
    rested = update(engine.table).where(engine.table.c.due_at.is_not(None))
    with engine.engine.begin() as connection:
        connection.execute(rested.values(due_at=None))


@pytest.mark.parametrize(
    "fault", [Unroutable("no queue"), Refused("nack")], ids=["unroutable", "refused"]
)
def test_a_refused_event_holds_its_execution_and_no_other(engine, relay, bus, fault):
    engine.commit(numbered(1), numbered(1, "e2"))
    bus.faults = {"e1-1": fault}
    relay.run_once()
    engine.commit(numbered(2), numbered(2, "e2"))
    relay.run_once()

    assert bus.taken == ["e2-1", "e2-2"]
    assert engine.waiting() == ["e1-1", "e1-2"]
    row = engine.rows()[0]
    assert (row.attempts, row.reason) == (1, f"{type(fault).__name__}: {fault}")

    bus.faults = {}
    make_due(engine)
    relay.run_once()
    assert bus.taken[2:] == ["e1-1", "e1-2"]


def test_after_many_attempts_it_is_set_aside_and_its_execution_goes_on(
    engine, relay, bus
):
    bus.faults = {"e1-1": Unroutable("no queue")}
    engine.commit(numbered(1), numbered(2))
    for number in range(MAX_ATTEMPTS):
        engine.commit(numbered(number, "e2"))  # the bus is well
        relay.run_once()
        make_due(engine)

    relay.run_once()
    engine.commit(numbered(3))
    relay.run_once()

    assert [one for one in bus.taken if one.startswith("e1")] == ["e1-2", "e1-3"]
    (row,) = engine.rows()
    assert (row.attempts, row.due_at) == (MAX_ATTEMPTS, None)
    assert row.set_aside_at is not None
    assert relay.tally.set_aside == 1


def test_a_bus_that_refuses_all_sets_nothing_aside(engine, relay, bus):
    bus.faults = {"e1-1": Refused("no permission")}
    engine.commit(numbered(1))
    for _ in range(MAX_ATTEMPTS + 1):
        relay._pause = 0
        relay.run_once()
        make_due(engine)

    (row,) = engine.rows()
    assert (row.attempts, row.set_aside_at) == (0, None)


@pytest.mark.parametrize(
    "fault",
    [InvalidEvent("data", "is wrong"), Conflict("another body is known")],
    ids=["invalid", "conflict"],
)
def test_what_can_never_be_published_is_set_aside_at_once(engine, relay, bus, fault):
    engine.commit(*(numbered(n) for n in range(5)))
    bus.faults = {"e1-2": fault}

    relay.run_once()

    (row,) = engine.rows()
    assert engine.waiting() == ["e1-2"]
    assert row.set_aside_at is not None
    assert str(fault) in row.reason
    assert bus.taken == ["e1-0", "e1-1", "e1-3", "e1-4"]


def test_events_that_fail_for_different_reasons_each_get_their_own(engine, relay, bus):
    bus.faults = {
        "e1-1": Unroutable("no queue"),
        "e2-1": Refused("nack"),
        "e3-1": Conflict("another body"),
    }
    executions = [f"e{n}" for n in range(1, 9)]
    engine.commit(*(numbered(n, e) for n in (1, 2) for e in executions))

    relay.run_once()

    reasons = {row.execution_id: row.reason for row in engine.rows() if row.reason}
    assert reasons == {
        "e1": "Unroutable: no queue",
        "e2": "Refused: nack",
        "e3": "Conflict: another body",
    }
    assert {f"{e}-{n}" for e in executions[3:] for n in (1, 2)} <= set(bus.taken)


def test_a_bus_that_goes_away_while_the_culprit_is_looked_for_blames_nobody(
    engine, relay, bus
):
    engine.commit(*(numbered(n) for n in range(4)))
    bus.faults = {"e1-1": Refused("one of them")}
    bus.trouble = lambda ids: Unreachable("gone", ids) if len(ids) == 1 else None

    with pytest.raises(Unreachable, match="gone"):
        relay.run_once()

    assert [(row.attempts, row.due_at) for row in engine.rows()] == [(0, None)]
    assert engine.waiting() == ["e1-1"]


@pytest.mark.parametrize("text", ["no JSON", "{}", "[" * 100_000], ids=len)
def test_a_row_that_holds_no_event_is_set_aside(engine, relay, bus, text):
    engine.commit(numbered(1), numbered(2))
    first = engine.table.c.id == engine.rows()[0].id
    with engine.engine.begin() as connection:
        connection.execute(update(engine.table).where(first).values(event=text))

    relay.run_once()

    (row,) = engine.rows()
    assert row.set_aside_at is not None
    assert row.reason.startswith("InvalidEvent: ")
    assert bus.taken == ["e1-2"]


def test_what_was_set_aside_can_be_taken_up_again(engine, relay, bus):
    bus.faults = {"e1-1": Conflict("another body")}
    engine.commit(numbered(1))
    relay.run_once()
    bus.faults = {}

    assert relay.take_up_again() == 1
    relay.run_once()

    assert bus.taken == ["e1-1"]
    assert engine.rows() == []
