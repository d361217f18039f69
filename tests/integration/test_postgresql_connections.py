# SPDX-License-Identifier: Apache-2.0
"""How a bridge connects to PostgreSQL: named, bounded in number and time, renewed."""

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from bridge.errors import StoreError
from bridge.store import postgresql
from bridge.store.database import Database
from bridge.store.postgresql import MAX_CONNECTIONS

SLACK_SECONDS = 3


@pytest.fixture
def database(postgres_url):
    with Database(postgres_url) as database:
        yield database


@pytest.fixture
def silent():
    """URL of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql://me@127.0.0.1:{listening.getsockname()[1]}/bridge"


def application_of(database):
    with database.read() as connection:
        return connection.exec_driver_sql("SHOW application_name").scalar_one()


def seconds_to_fail(database):
    began = time.monotonic()
    with pytest.raises(StoreError), database.read():
        pass
    return time.monotonic() - began


def test_the_server_is_told_who_connects(database):
    assert application_of(database) == "workflow-notifier-bridge"


def test_what_stands_in_the_url_goes_first(postgres_url):
    with Database(f"{postgres_url}&application_name=mine") as database:
        assert application_of(database) == "mine"


def test_a_server_that_is_cut_off_is_given_up(database):
    with database.read() as connection:
        descriptor = os.dup(connection.connection.driver_connection.fileno())
    with socket.socket(fileno=descriptor) as ours:
        options = [
            ours.getsockopt(*option)
            for option in (
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
                (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            )
        ]

    assert options == [1, 5, 5, 2, 15_000]


def test_a_server_that_says_nothing_is_not_waited_for_long(silent):
    with Database(f"{silent}?connect_timeout=2") as database:
        assert seconds_to_fail(database) < 2 + SLACK_SECONDS


def test_no_more_connections_are_opened_than_is_said(database, monkeypatch):
    monkeypatch.setattr(postgresql, "CONNECTION_WAIT_SECONDS", 0.2)
    url = database.engine.url.render_as_string(hide_password=False)
    with Database(url) as patched, ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            stack.enter_context(patched.read())

        assert seconds_to_fail(patched) < SLACK_SECONDS


def test_whoever_waits_for_a_server_that_hangs_can_be_freed(own_postgres):
    url = f"{own_postgres.url}?connect_timeout=2"
    with Database(url) as database, ThreadPoolExecutor() as threads:
        application_of(database)
        own_postgres.freeze()
        asked = [threads.submit(application_of, database) for _ in range(2)]
        began = time.monotonic()
        while not all(one.done() for one in asked):
            database.break_off()
        took = time.monotonic() - began
        own_postgres.thaw()

        assert application_of(database) == "workflow-notifier-bridge"
    assert [type(one.exception()) for one in asked] == [StoreError, StoreError]
    assert took < 2 + SLACK_SECONDS


def test_a_connection_that_broke_is_not_handed_out(database, postgres_url):
    with database.read() as connection:
        number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (number,))

    assert application_of(database) == "workflow-notifier-bridge"
