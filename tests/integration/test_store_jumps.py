# SPDX-License-Identifier: Apache-2.0
"""A machine's clock was set while a bridge on SQLite was away: what is due follows."""

from datetime import timedelta

import pytest

from bridge.model import State
from bridge.store import jumps, schema
from bridge.store.database import Database
from bridge.store.journal import Entry
from tests.stored import MINUTE, NOW, Stores, a_delivery, a_listener, an_envelope

NOTHING = timedelta()
HOURS = timedelta(hours=2)
STARTED_AT = NOW - timedelta(days=3)


@pytest.fixture
def stores(tmp_path):
    with Database(f"sqlite:///{tmp_path}/bridge.sqlite3") as database:
        schema.migrate(database)
        yield Stores(database)


@pytest.fixture(autouse=True)
def boot_id(tmp_path, monkeypatch):
    """Where the machine says which start of it this is."""
    file = tmp_path / "boot_id"
    file.write_text("one\n")
    monkeypatch.setattr(jumps, "_BOOT_ID", file)
    return file


@pytest.fixture
def due_at(stores):
    """Returns when the deliveries are due: one pending, one delivered."""
    listener = a_listener()
    stores.listeners.add(listener)
    pending, done = (a_delivery(an_envelope(name), listener) for name in "12")
    ended = a_delivery(an_envelope("2"), listener, state=State.DELIVERED, due_at=None)
    stores.journal().write(
        [
            Entry(arrived=(an_envelope("1"), NOW), deliveries=(pending,)),
            Entry(arrived=(an_envelope("2"), NOW), deliveries=(ended,)),
        ]
    )
    return lambda: [
        stores.deliveries.get(None, one.id)[0].due_at for one in (pending, done)
    ]


@pytest.mark.parametrize("jump", [HOURS, -HOURS], ids=["forward", "back"])
def test_what_is_pending_stays_as_far_away_as_it_was(stores, due_at, jump):
    assert jumps.follow(stores.database, STARTED_AT) == NOTHING
    assert due_at() == [NOW, None]

    assert jumps.follow(stores.database, STARTED_AT + jump) == jump
    assert due_at() == [NOW + jump, None]

    assert jumps.follow(stores.database, STARTED_AT + jump) == NOTHING
    assert due_at() == [NOW + jump, None]


def test_a_reading_that_is_not_quite_the_same_moves_nothing(stores, due_at):
    jumps.follow(stores.database, STARTED_AT)

    almost = STARTED_AT + jumps.LEAST / 2
    assert jumps.follow(stores.database, almost) == NOTHING
    assert due_at() == [NOW, None]

    # not little by little either
    later = almost + jumps.LEAST
    assert jumps.follow(stores.database, later) == later - STARTED_AT


def test_another_start_of_the_machine_says_nothing_of_its_clock(
    stores, due_at, boot_id
):
    jumps.follow(stores.database, STARTED_AT)
    boot_id.write_text("two\n")

    assert jumps.follow(stores.database, STARTED_AT + MINUTE) == NOTHING
    assert jumps.follow(stores.database, STARTED_AT + HOURS) == HOURS - MINUTE
    assert due_at() == [NOW + HOURS - MINUTE, None]


def test_a_system_that_does_not_tell_its_starts_is_trusted(stores, due_at, boot_id):
    boot_id.unlink()

    for started_at in (STARTED_AT, STARTED_AT + HOURS):
        assert jumps.follow(stores.database, started_at) == NOTHING
    assert due_at() == [NOW, None]
