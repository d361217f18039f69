# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/outbox.md tells the truth."""

import os
import subprocess
import sys
from pathlib import Path

import kombu
import pytest
from sqlalchemy import create_engine

from notifier.relay.fate import FIRST_PAUSE, LONGEST_PAUSE, MAX_ATTEMPTS
from notifier.topology import BRIDGE_QUEUE
from tests.pages import Page

PAGE = Page("docs/how-to/outbox.md")
BIN = Path(sys.executable).parent


@pytest.fixture
def run(amqp_url, tmp_path):
    """Run a command where the page's reader stands; return what it prints."""
    kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    env = {**kept, "AMQP_URL": amqp_url, "PATH": path}

    def run(*command):
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def types(amqp_url):
    with kombu.Connection(amqp_url) as connection:
        channel = connection.default_channel
        came = iter(lambda: channel.basic_get(BRIDGE_QUEUE, no_ack=True), None)
        return [message.properties["type"] for message in came]


def test_the_pages_commands_do_what_it_says(run, amqp_url, tmp_path):
    writing, asynchronously, after_commit = (one.text for one in PAGE.blocks("python"))
    create, relay = (one.text for one in PAGE.blocks("sh"))

    run(sys.executable, "-c", writing)
    run(sys.executable, "-c", asynchronously)
    assert "CREATE TABLE workflow_notifier_outbox" in run("sh", "-c", create)
    assert run("sh", "-c", relay) == PAGE.block("")
    run(sys.executable, "-c", after_commit)

    assert types(amqp_url) == ["task.failed", "execution.failed", "task.succeeded"]
    engine = create_engine(f"sqlite:///{tmp_path}/engine.db")
    with engine.connect() as connection:
        looked = connection.exec_driver_sql(PAGE.block("sql")).all()
    engine.dispose()
    assert looked == []


def test_the_attempts_on_the_page_are_those_that_are_made():
    assert (FIRST_PAUSE.seconds, LONGEST_PAUSE.seconds, MAX_ATTEMPTS) == (1, 300, 12)
    assert "after 1 s, 2 s, 4 s … 5 min, twelve times" in PAGE.text
