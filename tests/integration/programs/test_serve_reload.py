# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: what a running bridge takes over of its settings, as a process."""

import os
import pty
import socket
from datetime import timedelta
from functools import partial

import pytest

from bridge.client import BridgeClient, ClientError
from tests.acceptance.endpoint import Endpoint
from tests.acceptance.terminals import until
from tests.bridges import BridgeProcess
from tests.loops import on_loop
from tests.loops import until as until_async
from tests.stored import a_listener, an_envelope
from tests.workers import IMPATIENT, RunningWorker, wait_for_settle

EVENT = {
    "type": "task.failed",
    "data": {"execution": {"id": "e1"}, "task": {"name": "charge"}},
}
REACHABLE = "[callbacks]\nallow_loopback = false\nallow_addresses = 127.0.0.0/8\n"


@pytest.fixture
def conf(tmp_path):
    """Write the settings that the bridge shall have."""
    path = tmp_path / "bridge.conf"

    def write(text):
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def start(tmp_path, conf):
    opened = []

    def start(text, amqp_url=None, **options):
        bridge = BridgeProcess(
            tmp_path, amqp_url, NOTIFIER_BRIDGE_CONF=conf(text), **options
        )
        opened.append(bridge)
        return bridge.__enter__()

    yield start
    for bridge in opened:
        bridge.__exit__()


@pytest.fixture
def reload(conf):
    """Give a bridge other settings, and wait until it says what it did."""

    def reload(bridge, text, said="settings reloaded"):
        conf(text)
        count = bridge.said.count(said)
        bridge.reload()
        bridge.wait_until(lambda: bridge.said.count(said) > count)
        return bridge.said

    return reload


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint


def publish(bridge, event_id):
    with BridgeClient(bridge.url) as client:
        client.publish({**EVENT, "id": event_id})


def outcome(bridge, event_id):
    """Return how the first attempt to deliver an event ended."""
    with BridgeClient(bridge.url) as client:

        def ask():
            found = client.deliveries.find(event=event_id)
            return [client.deliveries.get(one["id"])["attempts"] for one in found]

        ((first, *_),) = until(ask, lambda found: found and found[0])
        return first["outcome"]


def test_the_log_level_follows(start, reload, endpoint):
    bridge = start("[log]\nlevel = WARNING\n")
    bridge.add_listener(endpoint.url)
    publish(bridge, "before")
    outcome(bridge, "before")

    reload(bridge, "[log]\nlevel = INFO\n")
    publish(bridge, "after")

    bridge.wait_until(lambda: "event_id=after" in bridge.said)
    assert "event_id=before" not in bridge.said


def test_where_webhooks_may_go_follows_also_on_connections_that_are_open(
    start, reload, endpoint
):
    bridge = start(REACHABLE)
    bridge.add_listener(endpoint.url)
    publish(bridge, "1")
    allowed = outcome(bridge, "1")

    reload(bridge, "[callbacks]\nallow_loopback = false\n")
    publish(bridge, "2")
    refused = outcome(bridge, "2")
    with pytest.raises(ClientError, match=r"127\.0\.0\.1 is loopback"):
        bridge.add_listener(endpoint.url)

    reload(bridge, REACHABLE)
    publish(bridge, "3")

    assert (allowed, refused) == ("succeeded", "blocked")
    assert outcome(bridge, "3") == "succeeded"


def test_a_ping_and_a_replay_go_no_further_than_any_other_webhook(
    start, reload, endpoint
):
    bridge = start(REACHABLE)
    listener = bridge.add_listener(endpoint.url)
    publish(bridge, "1")
    endpoint.next()
    reload(bridge, "[callbacks]\nallow_loopback = false\n")

    with BridgeClient(bridge.url) as client:
        pinged = client.listeners.test(listener["id"])
        client.replays.begin(listener["id"])
        (told,) = client.deliveries.find(event="1")
        get = partial(client.deliveries.get, told["id"])
        attempts = until(get, lambda one: len(one["attempts"]) == 2)["attempts"]

    assert pinged["outcome"] == "blocked"
    assert {one["outcome"] for one in attempts} == {"succeeded", "blocked"}
    assert endpoint.is_quiet()


def test_the_exchanges_that_are_allowed_follow(start, reload, amqp_url):
    bridge = start("", amqp_url)
    callback = {"type": "amqp", "exchange": "billing"}
    listener = {"events": ["TASK"], "callback": callback}
    with BridgeClient(bridge.url) as client:
        with pytest.raises(ClientError, match="billing is not allowed"):
            client.listeners.add(listener)

        reload(bridge, "[callbacks]\namqp_exchanges = billing\n")

        assert client.listeners.add(listener)["callback"]["exchange"] == "billing"


@on_loop
async def test_another_patience_holds_for_attempts_that_are_open(stores):
    stores.listeners.add(a_listener())
    async with RunningWorker(stores, wait_for_settle) as running:
        running.source.hand(an_envelope())
        await running.calls(1)
        assert running.settled == []

        running.worker.adopt(IMPATIENT, disable_after=timedelta(days=5))

        await until_async(lambda: running.settled == ["1"])


def test_what_needs_a_restart_is_named_and_stays(start, reload):
    bridge = start("")

    said = reload(bridge, "[api]\nport = 1\n[log]\nlevel = DEBUG\n")

    # the port was given by option, which goes before the file
    assert "needs a restart" not in said
    said = reload(bridge, "[bus]\nprefetch = 7\n[log]\nlevel = DEBUG\n")
    assert 'setting needs a restart setting="[bus] prefetch"' in said
    assert bridge.is_ready()


def test_wrong_settings_change_nothing(start, reload):
    bridge = start("[log]\nlevel = INFO\n")

    said = reload(
        bridge, "[log]\nlevel = LOUD\n", said="settings are wrong; the old ones stay"
    )
    publish(bridge, "1")

    assert "bridge.conf:2: [log] level must be DEBUG or INFO" in said
    bridge.wait_until(lambda: "event_id=1" in bridge.said)


def test_it_ends_as_it_should_after_a_reload(start, reload):
    bridge = start("")
    reload(bridge, "[delivery]\ngrace_seconds = 1\n")

    bridge.terminate()

    assert bridge.end() == 0


def test_a_bridge_ends_with_its_terminal(start):
    terminal, its_end = pty.openpty()
    bridge = start("", stdin=its_end)
    os.close(its_end)

    os.close(terminal)
    bridge.reload()  # as the kernel does

    assert bridge.end() == 0
    assert "stopping: attempts under way may end" in bridge.said


def test_systemd_is_told_when_the_bridge_works(start, tmp_path):
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(20)
        start("", NOTIFY_SOCKET=str(address))

        assert systemd.recv(100) == b"READY=1"
