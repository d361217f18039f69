# SPDX-License-Identifier: Apache-2.0
"""The private PostgreSQL that tests of the database stand on."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.architecture.tree import ROOT
from tests.servers.postgresql import PostgresCluster, find_binaries
from tests.servers.processes import has_ended
from tests.servers.shared import SharedDatabase

SOON = timedelta(seconds=10)
START_AND_WAIT = """
import signal
from tests.servers.postgresql import PostgresCluster
cluster = PostgresCluster(fsync=False)
cluster.start()
print(cluster.pid, cluster._home, flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def cluster():
    """One cluster to be killed and frozen; each test leaves it running."""
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture
def url(cluster):
    yield cluster.database("kept")
    cluster.drop_database("kept")


def say(url, statement):
    with psycopg.connect(url, connect_timeout=2) as connection:
        found = connection.execute(statement)
        return [] if found.description is None else found.fetchall()


def test_what_was_committed_outlives_kill_and_restart(cluster, url):
    say(url, "CREATE TABLE t (n INT)")
    say(url, "INSERT INTO t VALUES (1)")
    cluster.kill()
    assert cluster.pid is None

    cluster.start()
    assert say(url, "SELECT n FROM t") == [(1,)]
    cluster.restart()
    assert say(url, "SELECT n FROM t") == [(1,)]


def test_kill_leaves_no_process(cluster, url):
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        postmaster = cluster.pid
        cluster.kill()

        assert has_ended(backend, timedelta())
        assert has_ended(postmaster, timedelta())
    cluster.start()


def test_a_frozen_server_does_not_answer_until_it_is_thawed(cluster, url):
    cluster.freeze()
    with pytest.raises(psycopg.OperationalError, match="timeout"):
        say(url, "SELECT 1")
    cluster.thaw()

    assert say(url, "SELECT 1") == [(1,)]


def test_it_is_as_safe_as_told_and_says_its_version(cluster):
    assert say(cluster.url, "SHOW fsync") == [("on",)]
    assert say(cluster.url, "SHOW server_version")[0][0].startswith(cluster.version)
    assert cluster.version


def test_a_cluster_dies_with_whoever_started_it(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        pid, home = starter.stdout.readline().split()
        starter.kill()

    assert has_ended(int(pid), SOON)
    Path(home).rename(tmp_path / "left")  # pytest deletes it


def test_a_cluster_that_cannot_start_says_why():
    broken = PostgresCluster(shared_buffers="nonsense")

    with pytest.raises(RuntimeError, match='"shared_buffers": "nonsense"'):
        broken.start()


def test_a_schema_is_the_tests_own(postgres):
    first, second = postgres.schema("first"), postgres.schema("second")
    try:
        say(first, "CREATE TABLE t (n INT)")

        assert say(second, "SELECT to_regclass('t')") == [(None,)]
        assert say(first, "SELECT to_regclass('t')") == [("t",)]
    finally:
        postgres.drop_schema("first")
        postgres.drop_schema("second")


def test_what_is_not_postgresql_is_refused():
    with pytest.raises(ValueError, match="must look like postgresql://"):
        SharedDatabase("sqlite:///x")


def test_a_named_folder_without_postgresql_stands_for_a_machine_without(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    assert find_binaries() is None
    monkeypatch.delenv("POSTGRES_BIN")
    assert (find_binaries() / "initdb").is_file()
