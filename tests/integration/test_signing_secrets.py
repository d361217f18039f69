# SPDX-License-Identifier: Apache-2.0
"""Signing secrets of listeners: changed with an overlap, and never left out."""

import time
from datetime import UTC, datetime

import pytest
import requests

from bridge.client import BridgeClient, ClientError
from bridge.receiver import Receiver
from bridge.verify import VerificationError, verify
from tests.bridges import BridgeProcess
from tests.integration.commands import bridge_command

HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def received():
    return []


@pytest.fixture
def receiver(received):
    """Takes webhooks, and refuses the first of each that it has not seen yet."""
    seen = set()

    def answer(got):
        received.append(got)
        if got.headers["webhook-id"] in seen:
            return 200
        seen.add(got.headers["webhook-id"])
        return 503

    with Receiver("127.0.0.1", 0, on_delivery=id, answer=answer) as receiver:
        yield receiver


@pytest.fixture
def add(client):
    def add(url=HOOK, **members):
        callback = {"url": url, **members.pop("callback", {})}
        return client.listeners.add(
            {"events": ["TASK"], "callback": callback, **members}
        )

    return add


def opens(secret, got):
    try:
        verify(secret, got.headers, got.body)
    except VerificationError:
        return False
    return True


def test_a_rotated_secret_is_shown_once_and_both_sign(client, add, receiver, received):
    old = add(receiver.url)
    new = client.listeners.rotate(old["id"])
    client.listeners.test(old["id"])

    (got,) = received
    assert new["secret"] != old["secret"]
    assert opens(new["secret"], got)
    assert opens(old["secret"], got)
    shown = client.listeners.get(old["id"])
    assert "secret" not in shown
    assert shown["former_secret_until"] == new["former_secret_until"]
    assert shown["revision"] == 2


def test_when_the_overlap_is_over_the_new_secret_signs_alone(
    client, add, receiver, received
):
    old = add(receiver.url)
    new = client.listeners.rotate(old["id"], overlap_seconds=0.1)
    until = datetime.fromisoformat(new["former_secret_until"])
    left = int(until.timestamp()) + 1 - datetime.now(UTC).timestamp()
    time.sleep(max(0, left))  # signatures go by whole seconds
    client.listeners.test(old["id"])

    (got,) = received
    assert opens(new["secret"], got)
    assert not opens(old["secret"], got)


def test_without_an_overlap_the_old_secret_ends_at_once(
    client, add, receiver, received
):
    old = add(receiver.url, signing="both")
    new = client.listeners.rotate(old["id"], overlap_seconds=0)
    client.listeners.test(old["id"])

    (got,) = received
    assert new["former_secret_until"] is None
    assert [opens(one["secret"], got) for one in (old, new)] == [False, True]
    assert [opens(one["public_key"], got) for one in (old, new)] == [False, True]


def test_a_secret_given_in_a_patch_overlaps_with_the_last(
    client, add, receiver, received
):
    given = "whsec_" + "B" * 32
    old = add(receiver.url)
    client.listeners.patch(old["id"], {"secret": given})
    client.listeners.test(old["id"])

    assert opens(given, received[0])
    assert opens(old["secret"], received[0])


def test_public_keys_rotate_like_secrets(client, add, receiver, received):
    old = add(receiver.url, signing="v1a")
    new = client.listeners.rotate(old["id"])
    client.listeners.test(old["id"])

    (got,) = received
    assert old["public_key"].startswith("whpk_")
    assert new["public_key"] != old["public_key"]
    assert all(opens(one["public_key"], got) for one in (old, new))
    assert not any(opens(one["secret"], got) for one in (old, new))


@pytest.mark.parametrize("seconds", [-1, 31 * 86400])
def test_an_overlap_out_of_bounds_is_refused(client, add, seconds):
    added = add()

    with pytest.raises(ClientError) as refused:
        client.listeners.rotate(added["id"], overlap_seconds=seconds)

    assert refused.value.status == 422


def test_by_command_line_the_old_secret_signs_along(api, add, tmp_path):
    added = add()
    settings = {"BRIDGE_URL": api.url, "HOME": str(tmp_path)}

    done = bridge_command("listener-rotate", added["id"], "--overlap", "7d", **settings)
    wrong = bridge_command("listener-rotate", added["id"], "--overlap", "x", **settings)

    assert done.returncode == 0
    secret, until = done.stdout.splitlines()
    assert secret.startswith("secret whsec_")
    assert until.startswith("former secrets sign along until 20")
    assert "write 30d, 12h or 90m" in wrong.stderr


@pytest.mark.parametrize("client_name", ["threads", "loop"])
def test_unsigned_never_happens(client_name, tmp_path, receiver, received):
    """A delivery, its retry, one by hand, a test ping, and a call."""
    with (
        BridgeProcess(tmp_path, OS_CALLBACKS__CLIENT=client_name) as bridge,
        BridgeClient(bridge.url) as client,
    ):
        added = bridge.add_listener(
            receiver.url, signing="both", retry={"delays_seconds": [0.05, 0.05]}
        )
        events = f"{bridge.url}/v1/events"
        data = {"execution": {"id": "e1"}, "task": {"name": "charge"}}
        event = {"type": "task.failed", "data": data}
        requests.post(events, json=event, timeout=10).raise_for_status()
        bridge.wait_until(lambda: len(received) == 2)
        (delivery,) = client.deliveries.find()
        client.deliveries.retry(delivery["id"])
        bridge.wait_until(lambda: len(received) == 3)
        client.listeners.test(added["id"])
        client.listeners.patch(added["id"], {"callback": {"mode": "call"}})
        requests.post(events, json=event, params={"wait": 1}, timeout=10)

    assert len(received) >= 5
    for got in received:
        assert opens(added["secret"], got)
        assert opens(added["public_key"], got)
