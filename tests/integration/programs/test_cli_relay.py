# SPDX-License-Identifier: Apache-2.0
"""``notifier relay`` and ``notifier outbox-create``, as a user runs them."""

import json
import os
import subprocess
import sys

import pytest
from sqlalchemy import create_engine, insert, inspect

from tests.integration.commands import Running, notifier
from tests.outboxes import (
    EngineDatabase,
    numbered,
    published,
    sync_url,
    wait_until,
)
from tests.servers.door import Door

NOBODY = "http://127.0.0.1:1"
WITHOUT_SQLALCHEMY = """
import sys
sys.modules["sqlalchemy"] = None
from notifier.cli import main
main()
"""


@pytest.fixture
def engine(database_url):
    with EngineDatabase(database_url) as engine:
        yield engine


@pytest.fixture
def door():
    with Door() as door:
        yield door


def columns(engine, table):
    return [
        (column["name"], str(column["type"]), column["nullable"])
        for column in inspect(engine.engine).get_columns(table)
    ]


def test_an_outbox_is_made_once(database_url):
    first = notifier("outbox-create", DATABASE_URL=database_url)
    second = notifier("outbox-create", "--database", database_url)

    assert first.stdout == "made the table workflow_notifier_outbox\n"
    assert second.stdout == "the table workflow_notifier_outbox is there\n"
    assert (first.returncode, second.returncode) == (0, 0)


def test_the_statements_make_the_same_outbox(engine):
    dialect = engine.engine.dialect.name
    shown = notifier("outbox-create", "--sql", dialect, "--table", "other")
    with engine.engine.begin() as connection:
        for statement in shown.stdout.split(";")[:-1]:
            connection.exec_driver_sql(statement)

    assert columns(engine, "other") == columns(engine, engine.table.name)
    indexes = inspect(engine.engine).get_indexes("other")
    assert {one["name"] for one in indexes} == {"ix_other_resting", "ix_other_waiting"}


def test_once_empties_the_outbox_and_ends(engine, amqp_url):
    engine.commit(numbered(1), numbered(2))

    done = notifier("relay", "--once", DATABASE_URL=engine.url, AMQP_URL=amqp_url)

    assert done.stdout == "published 2, refused 0, set aside 0\n"
    assert done.returncode == 0
    assert "batch relayed events=2 refused=0 set_aside=0" in done.stderr
    assert published(amqp_url) == ["e1-1", "e1-2"]


def test_without_a_broker_events_go_to_the_bridge(engine, door):
    engine.commit(numbered(1))

    done = notifier("relay", "--once", DATABASE_URL=engine.url, OS_HTTP__URL=door.url)

    assert done.returncode == 0, done.stderr
    assert [event.id for event in door.events] == ["e1-1"]


def test_once_says_what_it_could_not_publish_and_again_takes_it_up(engine, door):
    junk = insert(engine.table).values(execution_id="e1", event="junk", size=4)
    with engine.engine.begin() as connection:
        connection.execute(junk)
    env = {"DATABASE_URL": engine.url, "OS_HTTP__URL": door.url}

    first = notifier("relay", "--once", "--format", "json", **env)
    second = notifier("relay", "--once", **env)
    again = notifier("relay", "--once", "--again", **env)

    assert json.loads(first.stdout) == {"published": 0, "refused": 0, "set_aside": 1}
    assert "event: is no JSON" in json.loads(first.stderr)["fault"]
    assert [one.returncode for one in (first, second, again)] == [1, 0, 1]
    assert "taken up again events=1" in again.stderr


def test_once_says_that_nobody_answers(engine):
    engine.commit(numbered(1))
    env = {"DATABASE_URL": engine.url, "OS_HTTP__URL": NOBODY}

    done = notifier("relay", "--once", "--timeout", "1", **env)

    assert done.returncode == 1
    assert "no bridge answers on http://127.0.0.1:1" in done.stderr
    assert engine.waiting() == ["e1-1"]


def test_it_works_until_sigterm_and_leaves_in_order(engine, amqp_url):
    env = {"DATABASE_URL": engine.url, "AMQP_URL": amqp_url}
    with Running("relay", "--format", "json", **env) as relay:
        start = json.loads(relay.note())
        engine.commit(*(numbered(n) for n in range(5)))
        wait_until(lambda: not engine.rows())
        with engine.engine.begin() as connection:
            engine.outbox.add(connection, *(numbered(n) for n in range(5, 5000)))
        wait_until(lambda: len(engine.rows()) < 4995)
        status = relay.terminate()
        left = engine.waiting()

    assert start["message"] == "relay starts"
    assert "guest:***@" in start["bus"]
    assert status == 0
    assert published(amqp_url) + left == [f"e1-{n}" for n in range(5000)]


def test_a_relay_that_does_not_know_where_says_how_to_tell_it():
    done = notifier("relay")

    assert done.returncode == 1
    assert "set --database, DATABASE_URL or [outbox] url" in done.stderr


def test_an_outbox_that_is_missing_is_told_with_the_way_out(database_url):
    empty = create_engine(sync_url(database_url))
    empty.connect().close()
    empty.dispose()

    done = notifier("relay", "--once", DATABASE_URL=database_url)

    assert done.returncode == 1
    assert "`notifier outbox-create` makes it" in done.stderr


@pytest.mark.parametrize("command", ["relay", "outbox-create"])
def test_without_sqlalchemy_the_extra_is_named(command):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SQLALCHEMY, command, "--database", "x"],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "Error: install workflow-notifier[outbox]\n"
