# SPDX-License-Identifier: Apache-2.0
"""Databases of earlier releases, with data in them, brought to this one's schema."""

import json
from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from bridge.model import ListenerId
from bridge.store import schema
from bridge.store.database import Database
from bridge.store.listeners import ListenerStore
from bridge.store.vault import Vault
from tests.served import KEY

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


def test_a_listener_of_the_first_schema_is_kept(at):
    database = at("0001")
    names, values = ", ".join(ROW), ", ".join(f":{name}" for name in ROW)
    with database.write() as connection:
        connection.execute(
            text(f"INSERT INTO listeners ({names}) VALUES ({values})"),  # noqa: S608 - names of our own
            ROW,
        )

    assert schema.migrate(database) == "0001"

    listener = ListenerStore(database, Vault(KEY)).get("acme", ListenerId("lst_1"))
    assert (listener.name, listener.description) == ("pager", None)
    assert (listener.secret, listener.max_in_flight) == (SECRET, 7)
    assert listener.callback.timeout == timedelta(seconds=15)
    assert listener.callback.auth is None


def test_a_step_may_be_taken_back(at):
    database = at("0002")

    _move(database, command.downgrade, "0001")

    assert schema.revision(database) == "0001"
    assert schema.migrate(database) == "0001"
