# SPDX-License-Identifier: Apache-2.0
"""Databases of earlier releases, with data in them, brought to this one's schema."""

import json
import signal
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from bridge.model import ListenerId
from bridge.store import schema
from bridge.store.database import Database
from bridge.store.listeners import ListenerStore
from bridge.store.vault import Vault
from notifier import wire
from notifier.event import Event
from tests.killed_work import Killed
from tests.served import KEY
from tests.stored import Stores

MIGRATIONS = "bridge/store/migrations"
SECRET = "whsec_" + "A" * 32
ROW = {
    "id": "lst_1",
    "project": "acme",
    "name": "pager",
    "events": json.dumps(["TASK"]),
    "callback": json.dumps(
        {
            "type": "http",
            "url": "http://127.0.0.1:9/hook",
            "method": "POST",
            "exchange": None,
            "routing_key": None,
            "timeout_seconds": 15.0,
        }
    ),
    "sealed": Vault(KEY).seal({"secret": SECRET, "headers": {}, "options": {}}),
    "max_in_flight": 7,
    "retry": json.dumps({"delays_seconds": [5.0], "jitter": 0.2}),
    "enabled": True,
    "revision": 3,
    "created_at": "2026-11-24 02:10:00+00:00",
    "updated_at": "2026-11-24 02:10:00+00:00",
    "changed_in": 0,
}
"""A listener as release 0.1 kept it."""

EVENT = {
    "source": "/engines/1",
    "id": "evt-1",
    "type": "task.failed",
    "project": "acme",
    "execution_id": "e1",
    "routing_key": "task.failed.acme.-.-.charge",
    "time": "2026-11-24 02:10:00+00:00",
    "received_at": "2026-11-24 02:10:00+00:00",
    "attributes": json.dumps({"sequence": "7"}),
    "body": wire.encode_body(
        Event.new(
            "task.failed",
            execution="e1",
            task="charge",
            project="acme",
            event_id="evt-1",
            source="/engines/1",
        )
    ),
    "queued": False,
}
DELIVERY = {
    "id": "dlv_1",
    "listener_id": "lst_1",
    "project": "acme",
    "event_source": "/engines/1",
    "event_id": "evt-1",
    "event_type": "task.failed",
    "execution_id": "e1",
    "state": "pending",
    "attempts": 1,
    "due_at": "2026-11-24 02:15:00+00:00",
    "created_at": "2026-11-24 02:10:00+00:00",
    "updated_at": "2026-11-24 02:10:01+00:00",
}
ATTEMPT = {
    "delivery_id": "dlv_1",
    "number": 1,
    "kind": "refused",
    "started_at": "2026-11-24 02:10:00+00:00",
    "duration_seconds": 0.25,
    "status": 503,
    "error": "answered 503 Service Unavailable",
    "answer": b"later",
}
FIRST = {
    "listeners": ROW,
    "events": EVENT,
    "deliveries": DELIVERY,
    "attempts": ATTEMPT,
}
"""What release 0.1 kept, a row of each table."""

DIED = -signal.SIGKILL


@pytest.fixture
def at(database_url):
    """Make a database as a release made it."""
    opened = []

    def at(revision):
        database = Database(database_url)
        opened.append(database)
        _move(database, command.upgrade, revision)
        return database

    yield at
    for database in opened:
        database.close()


def _move(database, move, revision):
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    with database.write() as connection:
        config.attributes["connection"] = connection
        move(config, revision)


@pytest.fixture
def first(at):
    """A database as the first release left it, in the middle of its work."""
    database = at("0001")
    with database.write() as connection:
        for table, row in FIRST.items():
            names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(
                text(f"INSERT INTO {table} ({names}) VALUES ({values})"),  # noqa: S608 - names of our own
                row,
            )
    return database


def claimed(database):
    """What a bridge of this release finds due."""
    journal = Stores(database).journal()
    now = datetime.now(UTC)
    return journal.claim(journal.due(now), now=now, until=now + timedelta(minutes=1))


def test_a_listener_of_the_first_schema_is_kept(first):
    database = first

    assert schema.migrate(database) == "0001"

    listener = ListenerStore(database, Vault(KEY)).get("acme", ListenerId("lst_1"))
    assert (listener.name, listener.description) == ("pager", None)
    assert (listener.secret, listener.max_in_flight) == (SECRET, 7)
    assert listener.callback.timeout == timedelta(seconds=15)
    assert listener.callback.auth is None


def test_a_delivery_of_the_first_schema_goes_on(first):
    schema.migrate(first)

    ((delivery, envelope),) = claimed(first)

    assert (delivery.id, delivery.attempts) == ("dlv_1", 1)
    assert (envelope.body, envelope.event.attributes) == (
        EVENT["body"],
        {"sequence": "7"},
    )
    _, (attempt,) = Stores(first).deliveries.get("acme", delivery.id)
    assert (attempt.outcome.status, attempt.outcome.answer) == (503, b"later")


def test_a_migration_killed_anywhere_may_be_run_again(first, database_url):
    deaths = 0
    with Killed("migrate", database_url) as migration:
        while migration.before(deaths) == DIED:
            deaths += 1
            assert schema.revision(first) == "0001"

    assert deaths > 2
    assert schema.is_current(first)
    assert [delivery.id for delivery, _ in claimed(first)] == ["dlv_1"]


def test_a_step_may_be_taken_back(at):
    database = at("0002")

    _move(database, command.downgrade, "0001")

    assert schema.revision(database) == "0001"
    assert schema.migrate(database) == "0001"
