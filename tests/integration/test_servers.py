# SPDX-License-Identifier: Apache-2.0
"""The servers that all other integration tests stand on."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import amqp
import kombu
import pytest

from tests.architecture.tree import ROOT
from tests.servers.foreign import ForeignBroker
from tests.servers.install import services_kept_off
from tests.servers.processes import has_ended
from tests.servers.rabbitmq import RabbitNode, find_sbin

SOON = timedelta(seconds=10)
START_AND_WAIT = """
import signal
from tests.servers.rabbitmq import RabbitNode
node = RabbitNode(plugins=())
node.start()
print(node.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def node(own_rabbit):
    return own_rabbit


def a_message(url):
    """Return what stands in the queue ``kept``."""
    with kombu.Connection(url) as connection:
        return connection.default_channel.basic_get("kept", no_ack=True)


def test_a_node_keeps_what_was_confirmed_over_kill_and_restart(node):
    with kombu.Connection(node.url) as connection:
        channel = connection.default_channel
        channel.confirm_select()
        channel.queue_declare("kept", durable=True, auto_delete=False)
        for body in ("before the kill", "before the restart"):
            message = amqp.Message(body, delivery_mode=2)
            channel.basic_publish_confirm(message, routing_key="kept")

    node.kill()
    node.start()
    assert a_message(node.url).body == "before the kill"
    node.restart()
    assert a_message(node.url).body == "before the restart"


def test_a_frozen_node_does_not_answer_until_it_is_thawed(node):
    with kombu.Connection(node.url) as connection:
        channel = connection.default_channel
        node.freeze()
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.2)
        channel.send_method(
            amqp.spec.Queue.Declare,
            "BsbbbbbF",
            (0, "asked", False, False, True, True, False, {}),
        )
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.5)
        node.thaw()

        assert channel.wait(amqp.spec.Queue.DeclareOk)


def test_a_node_dies_with_whoever_started_it(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        pid = int(starter.stdout.readline())
        starter.kill()

    assert has_ended(pid, SOON)


def test_a_virtual_host_is_the_tests_own(rabbit):
    first, second = rabbit.vhost("first"), rabbit.vhost("second")
    try:
        with kombu.Connection(first) as connection:
            connection.default_channel.queue_declare("kept", auto_delete=False)
        with (
            kombu.Connection(second) as connection,
            pytest.raises(amqp.NotFound),
        ):
            connection.default_channel.queue_declare("kept", passive=True)
    finally:
        rabbit.drop_vhost("first")
        rabbit.drop_vhost("second")


def test_a_broker_of_somebody_elses_is_used_as_it_is(rabbit):
    broker = ForeignBroker(rabbit.url)

    assert broker.version == rabbit.version
    if not broker.gives_vhosts:
        assert broker.vhost("anything") == rabbit.url


def test_a_node_that_cannot_start_says_why():
    broken = RabbitNode(settings=["no.such.setting = 1"])

    with pytest.raises(RuntimeError, match=r"no\.such\.setting"):
        broken.start()


def test_rabbitmq_is_installed_from_its_own_scripts():
    assert (find_sbin() / "rabbitmqctl").exists()


def a_policy(path: Path, status: int) -> Path:
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return path


def asked(policy: Path) -> int:
    return subprocess.run([policy, "rabbitmq-server", "start"], check=False).returncode


def test_no_service_starts_while_packages_are_installed(tmp_path):
    policy = tmp_path / "policy-rc.d"

    with services_kept_off(policy):
        assert asked(policy) == 101
    assert not policy.exists()


@pytest.mark.parametrize("status", [0, 101])
def test_a_policy_that_was_there_is_there_afterwards(tmp_path, status):
    policy = a_policy(tmp_path / "policy-rc.d", status)

    with services_kept_off(policy):
        assert asked(policy) == 101
    assert asked(policy) == status
    assert list(tmp_path.iterdir()) == [policy]


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        ({}, 1),
        ({"AMQP_URL": "amqp://127.0.0.1"}, 1),
        ({"AMQP_URL": "amqp://127.0.0.1", "DATABASE_URL": "postgresql://h/x"}, 0),
    ],
    ids=["no servers", "a broker of one's own", "a broker and a database"],
)
def test_who_may_not_install_is_told_what_to_install(environment, status):
    # a machine without servers and apt-get: nothing is on the path, nothing is there
    code = (
        "import pathlib; pathlib.Path.glob = lambda *_: iter(());"
        "from tests.servers.install import main; raise SystemExit(main())"
    )
    servers = ("AMQP_URL", "DATABASE_URL")
    bare = {k: v for k, v in os.environ.items() if k not in servers}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**bare, "PATH": "", **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == status
    assert "apt-get" in done.stderr
    assert "rabbitmq-server postgresql" in done.stderr
