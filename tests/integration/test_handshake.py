# SPDX-License-Identifier: Apache-2.0
"""Receivers are asked whether they want webhooks, over real sockets."""

import pytest

from bridge.callbacks import handshake
from bridge.callbacks.guard import Guard
from bridge.callbacks.handshake import Handshake
from bridge.client import BridgeClient, ClientError, NoAnswer
from bridge.delivery.lanes import Lanes
from bridge.errors import Invalid
from tests.bridges import BridgeProcess
from tests.integration.hostile import Hostile, answers, drips
from tests.integration.telling import LOOPBACK
from tests.stored import MINUTE, NOW, a_listener

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


@pytest.mark.parametrize(
    ("own", "allowed", "rate"),
    [(None, None, None), (5, None, 5), (None, 2, 2), (5, 2, 2), (1, 2, 1)],
)
def test_the_smaller_of_both_rates_paces_the_lane(own, allowed, rate):
    listener = a_listener(rate_per_second=own, allowed_rate=allowed)

    lane = Lanes().of(listener, MINUTE, NOW)

    assert lane.gate.is_paced == (rate is not None)
    at_once = 1_000_000 if rate is None else max(1, rate // 2)
    assert lane.gate.calls(NOW) == at_once


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
        kept = bridge.add_listener(willing.url, rate_per_second=5)
        client.listeners.patch(kept["id"], {"rate_per_second": None})
        with pytest.raises(ClientError, match="has not agreed to webhooks"):
            client.listeners.patch(kept["id"], {"callback": {"url": unwilling.url}})
        shown = client.listeners.get(kept["id"])

    assert (shown["rate_per_second"], shown["allowed_rate_per_second"]) == (None, 2)
    assert willing.connections == 1


def test_a_bridge_that_dies_while_it_asks_keeps_nothing_and_asks_again(tmp_path):
    def kills_the_first(peer):
        peer.request()
        if receiver.connections == 1:
            bridge.kill()
        peer.send(allowed(US, 120))

    with (
        Hostile(kills_the_first) as receiver,
        BridgeProcess(tmp_path, OS_CALLBACKS__WEBHOOK_ORIGIN=US) as bridge,
        BridgeClient(bridge.url) as client,
    ):
        with pytest.raises(NoAnswer):
            bridge.add_listener(receiver.url, name="once")
        bridge.start()
        known = list(client.listeners.find())
        kept = bridge.add_listener(receiver.url, name="once")
        bridge.kill()
        bridge.start()
        (after,) = client.listeners.find()

    assert known == []
    assert receiver.connections == 2
    assert after["id"] == kept["id"]
    assert after["allowed_rate_per_second"] == 2
