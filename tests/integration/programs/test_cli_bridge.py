# SPDX-License-Identifier: Apache-2.0
"""``notifier-bridge serve``, ``migrate`` and ``check`` as processes."""

import re
import subprocess
import sys
import time

import pytest
import requests

from bridge.store.database import Database
from bridge.store.schema import head, is_current, migrate
from bridge.store.vault import Vault, claim, read_key
from tests.integration.commands import NOTIFIER_BRIDGE, Running, notifier_bridge
from tests.served import KEY, OTHER_KEY
from tests.servers.processes import free_port


@pytest.fixture
def home(tmp_path):
    return {"HOME": str(tmp_path)}


@pytest.fixture
def data(tmp_path):
    """The folder that a bridge without settings keeps its data in."""
    return tmp_path / ".local/share/workflow-notifier"


def wait_until_ready(url):
    deadline = time.monotonic() + 20
    while not requests.get(f"{url}/readyz", timeout=10).json()["ready"]:
        assert time.monotonic() < deadline, "not ready in time"


def test_every_command_is_told_of(home):
    done = notifier_bridge("--help", **home)

    assert done.returncode == 0
    for name in (
        "serve",
        "migrate",
        "check",
        "listen",
        "listener-add",
        "delivery-retry",
    ):
        assert re.search(rf"^  {name} +\w", done.stdout, re.MULTILINE)


def test_the_package_runs_as_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "--help"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert "Usage: python -m bridge" in done.stdout


def test_an_unknown_command_is_a_wrong_use(home):
    done = notifier_bridge("lisener-add", **home)

    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_a_bridge_without_settings_serves_until_it_is_told_to_stop(home, data):
    command = Running("serve", "--port", "0", command=NOTIFIER_BRIDGE, **home)
    with command as serving:
        lines = [serving.line() for _ in range(3)]
        url = re.search(r"API: (http://127\.0\.0\.1:\d+)", lines[2])[1]
        wait_until_ready(url)
        checked = notifier_bridge("check", **home)
        status = serving.terminate()

    assert lines[0] == f"database: sqlite:///{data}/bridge.sqlite3"
    assert lines[1].startswith("bus: in-process")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert status == 0
    read_key(data / "bridge.key")


def test_a_port_in_use_is_told(home, api):
    port = api.url.rpartition(":")[2]

    done = notifier_bridge("serve", "--port", port, **home)

    assert done.returncode == 1
    assert done.stderr == (
        f"Error: port {port} is in use; choose another with --port\n"
    )


def test_a_host_that_others_reach_is_refused(home, data):
    done = notifier_bridge("serve", "--host", "0.0.0.0", **home)  # noqa: S104 - refused

    assert done.returncode == 1
    assert "set [api] auth = token" in done.stderr
    assert not data.exists()


def test_migrating_twice_is_as_good_as_once(home, data):
    first = notifier_bridge("migrate", **home)
    second = notifier_bridge("migrate", **home)

    url = f"sqlite:///{data}/bridge.sqlite3"
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == f"{url}: schema {head()} (was at nothing)\n"
    assert first.stderr.splitlines()[-1] == f"step {head()} is taken"
    assert second.stderr == ""
    assert second.stdout == f"{url}: schema {head()} (is up to date)\n"
    with Database(url) as database:
        assert is_current(database)


def test_a_bridge_that_must_not_migrate_says_what_to_do(home):
    forbidden = {"OS_DATABASE__MIGRATE": "false", **home}

    refused = notifier_bridge("serve", "--port", "0", **forbidden)
    migrated = notifier_bridge("migrate", **forbidden)
    checked = notifier_bridge("check", **forbidden)

    assert (refused.returncode, migrated.returncode, checked.returncode) == (1, 0, 0)
    assert refused.stderr == (
        f"Error: the database's schema is missing, and this release needs {head()}: "
        "run notifier-bridge migrate, or set [database] migrate = true\n"
    )


def test_a_check_makes_nothing(home, tmp_path):
    done = notifier_bridge("check", **home)

    assert (done.returncode, done.stderr) == (0, "")
    settings, database, bus = done.stdout.splitlines()
    assert settings == "settings  all by default"
    assert database.endswith("bridge.sqlite3 will be made")
    assert bus == "bus       in this process; set AMQP_URL to use RabbitMQ"
    assert not (tmp_path / ".local/share/workflow-notifier/bridge.sqlite3").exists()


def test_a_check_names_the_line_at_fault(home, tmp_path):
    path = tmp_path / "bridge.conf"
    path.write_text("[api]\nport = x\n")

    done = notifier_bridge("check", "--config-file", str(path), **home)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"settings  {path}:2: [api] port must be a number from 0 to 65535\n"
    )


def test_a_check_reaches_a_real_broker(home, amqp_url):
    done = notifier_bridge("check", AMQP_URL=amqp_url, **home)

    assert (done.returncode, done.stderr) == (0, "")
    assert "a broker answers on amqp://guest:***@" in done.stdout


def test_a_check_tells_of_a_broker_that_does_not_answer(home):
    url = f"amqp://guest:s3cret@127.0.0.1:{free_port()}//"

    done = notifier_bridge("check", AMQP_URL=url, **home)

    assert done.returncode == 1
    assert done.stderr.startswith("bus       no broker answers on amqp://guest:***@")
    assert "s3cret" not in done.stderr


def test_a_check_reaches_the_broker_of_services_too(home, amqp_url):
    heard = {"OS_NOTIFICATIONS__TOPICS": "notifications.info"}

    alone = notifier_bridge("check", **heard, **home)
    done = notifier_bridge("check", OS_NOTIFICATIONS__URL=amqp_url, **heard, **home)

    assert alone.returncode == 1
    assert alone.stderr == (
        "services  [notifications] topics need a broker: set [notifications] url, or "
        "AMQP_URL\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "services  a broker answers on amqp://guest:***@" in done.stdout


def test_a_check_tells_of_another_key(home, data):
    with Database(f"sqlite:///{data}/bridge.sqlite3") as database:
        migrate(database)
        claim(database, Vault(KEY))

    done = notifier_bridge("check", OS_SECRETS__KEY=OTHER_KEY, **home)

    assert done.returncode == 1
    assert "were sealed with key" in done.stderr
    assert OTHER_KEY not in done.stderr


def test_a_check_tells_of_a_database_that_is_none(home, tmp_path):
    (tmp_path / "no.sqlite3").write_text("x" * 2000)

    done = notifier_bridge(
        "check", DATABASE_URL=f"sqlite:///{tmp_path}/no.sqlite3", **home
    )

    assert done.returncode == 1
    assert done.stderr.startswith("database  the database refused: ")
