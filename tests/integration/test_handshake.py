# SPDX-License-Identifier: Apache-2.0
"""Receivers are asked whether they want webhooks, over real sockets."""

import pytest

from bridge.callbacks import handshake
from bridge.callbacks.guard import Guard
from bridge.callbacks.handshake import Handshake
from bridge.client import BridgeClient, ClientError
from bridge.errors import Invalid
from tests.bridges import BridgeProcess
from tests.integration.hostile import Hostile, answers, drips
from tests.integration.telling import LOOPBACK

US = "events.example.org"


def answer(*headers, status="200 OK"):
    lines = [f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode()


def allowed(origin, rate=None):
    given = [f"WebHook-Allowed-Origin: {origin}"]
    return answer(*given, *([] if rate is None else [f"WebHook-Allowed-Rate: {rate}"]))


def ask(receiver, guard=LOOPBACK):
    return Handshake(US, guard).ask(receiver.url)


@pytest.mark.parametrize(
    ("said", "most"),
    [
        (allowed(US), None),
        (allowed("*"), None),
        (allowed(US, "*"), None),
        (allowed(US, 120), 2),
        (allowed("*", 1), 1 / 60),
    ],
)
def test_a_receiver_that_agrees_says_how_many_it_takes(said, most):
    with Hostile(answers(said)) as receiver:
        assert ask(receiver) == most

    [(line, headers, body)] = receiver.requests
    assert line.startswith("OPTIONS ")
    assert dict(headers)["WebHook-Request-Origin"] == US
    assert body == b""


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(), f"WebHook-Allowed-Origin: {US}"),
        (allowed("somebody.else"), f"WebHook-Allowed-Origin: {US}"),
        (allowed(US, "0"), "WebHook-Allowed-Rate of 1 or more"),
        (allowed(US, "many"), "WebHook-Allowed-Rate of 1 or more"),
        (answer(status="405 No"), "answered 405 when it was asked"),
        (answer("Location: /", status="302 Go"), f"WebHook-Allowed-Origin: {US}"),
        (b"nonsense\r\n\r\n", "could not be asked: the answer is not valid HTTP"),
    ],
)
def test_a_receiver_that_does_not_agree_gets_nothing(said, reason):
    with Hostile(answers(said)) as receiver, pytest.raises(Invalid) as refused:
        ask(receiver)

    assert refused.value.field == "callback.url"
    assert reason in refused.value.reason
    assert len(receiver.requests) == 1


def test_a_receiver_that_says_a_byte_now_and_then_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(handshake, "SECONDS", 0.5)
    with (
        Hostile(drips(b"HTTP/1.1 200 OK\r\n")) as receiver,
        pytest.raises(Invalid, match="has not agreed"),
    ):
        ask(receiver)


def test_a_refused_address_is_not_asked():
    with (
        Hostile(answers(allowed("*"))) as receiver,
        pytest.raises(Invalid, match="is loopback; an operator can allow it"),
    ):
        ask(receiver, Guard())

    assert receiver.connections == 0


def test_a_bridge_that_asks_keeps_no_listener_without_a_yes(tmp_path):
    def agrees(peer):
        method, headers, _ = peer.request()
        assert method.startswith("OPTIONS ")
        assert "webhook-signature" not in {name.lower() for name, _ in headers}
        peer.send(allowed(US, 120))

    with (
        Hostile(agrees) as willing,
        Hostile(answers(answer())) as unwilling,
        BridgeProcess(tmp_path, OS_CALLBACKS__WEBHOOK_ORIGIN=US) as bridge,
        BridgeClient(bridge.url) as client,
    ):
        with pytest.raises(ClientError, match="has not agreed to webhooks"):
            bridge.add_listener(unwilling.url)
        with pytest.raises(ClientError, match="the receiver allows 2 at most"):
            bridge.add_listener(willing.url)
        kept = bridge.add_listener(willing.url, rate_per_second=2)
        asked = willing.connections
        client.listeners.patch(kept["id"], {"enabled": False})
        unasked = willing.connections
        with pytest.raises(ClientError, match="has not agreed to webhooks"):
            client.listeners.patch(kept["id"], {"callback": {"url": unwilling.url}})

    assert asked == unasked == 2
