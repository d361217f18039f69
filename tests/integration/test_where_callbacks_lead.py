# SPDX-License-Identifier: Apache-2.0
"""Where a callback may not lead, asked of a bridge as a member of a project would."""

import socket
import statistics
import time

import pytest
import requests
from kombu import Connection, Exchange, Queue

from bridge.callbacks.amqp import MAX_HOPS
from tests.bridges import BridgeProcess

ABROAD = "http://9.9.9.9/hook"
SPELLINGS = (
    *("127.0.0.1", "2130706433", "017700000001", "0x7f000001", "127.1", "0177.0.0.1"),
    *("[::1]", "[::ffff:127.0.0.1]", "localhost", "127.0.0.1.", "%31%32%37.0.0.1"),
    *("\uff11\uff12\uff17.0.0.1", "me@9.9.9.9", "10.0.0.1", "100.64.0.1", "0.0.0.0"),  # noqa: S104 - refused
    *("169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]"),
    *("[2001::1]", "[fe80::1]", "[fc00::1]", "224.0.0.1", "240.0.0.1"),
)
WORKBOOK = "name: w\nlisteners: [{events: [TASK], callback: {url: '%s'}}]"
TRIES = 20
QUIET_SECONDS = 0.5


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    """A bridge that leaves loopback alone, as one with tokens does."""
    home = tmp_path_factory.mktemp("home")
    with BridgeProcess(home, OS_CALLBACKS__ALLOW_LOOPBACK="false") as bridge:
        yield bridge


@pytest.fixture(scope="module")
def known(bridge):
    """The path of a listener that leads where it may."""
    return f"{bridge.url}/v1/listeners/{bridge.add_listener(ABROAD)['id']}"


def body(url):
    return {"events": ["TASK"], "callback": {"url": url}}


@pytest.mark.parametrize("host", SPELLINGS)
def test_a_refused_address_is_refused_on_every_way_in(bridge, known, host):
    url = f"http://{host}/hook"
    ways = {
        "create": ("POST", f"{bridge.url}/v1/listeners", body(url)),
        "replace": ("PUT", known, body(url)),
        "patch": ("PATCH", known, {"callback": {"url": url}}),
        "workbook": (
            "POST",
            f"{bridge.url}/v1/workbooks",
            {"workbook": WORKBOOK % url},
        ),
        "Mistral's API": (
            "POST",
            f"{bridge.url}/v1/workbooks/orders/listeners",
            {"callback": {"events": ["on-task-complete"], "url": url}},
        ),
    }

    answers = {
        way: requests.request(method, path, json=json, timeout=10).status_code
        for way, (method, path, json) in ways.items()
    }

    assert set(answers.values()) <= {400, 422}, answers
    assert requests.get(known, timeout=10).json()["callback"]["url"] == ABROAD


def test_the_answer_is_the_same_whether_a_port_is_open_or_not(bridge):
    def refused(port):
        url = f"http://127.0.0.1:{port}/hook"
        begin = time.perf_counter()
        answer = requests.post(f"{bridge.url}/v1/listeners", json=body(url), timeout=10)
        return answer.status_code, answer.text, time.perf_counter() - begin

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        pairs = [(refused(listening.getsockname()[1]), refused(9))
                 for _ in range(TRIES)]  # fmt: skip
        with pytest.raises(BlockingIOError):
            listening.accept()

    assert len({one[:2] for pair in pairs for one in pair}) == 1
    on_open, on_closed = (statistics.median(one[2] for one in side)
                          for side in zip(*pairs, strict=True))  # fmt: skip
    assert max(on_open, on_closed) < 5 * min(on_open, on_closed)


def test_an_exchange_that_leads_back_makes_no_loop(tmp_path, amqp_url):
    """An operator allows an exchange, and somebody binds it to where events come from."""
    relay = Exchange("relay", "topic", durable=True)
    with (
        Connection(amqp_url) as broker,
        BridgeProcess(
            tmp_path, amqp_url, OS_CALLBACKS__AMQP_EXCHANGES="relay"
        ) as bridge,
    ):
        channel = broker.default_channel
        relay(channel).declare()
        channel.exchange_bind("workflow.events", "relay", "#")
        seen = Queue("seen", relay, "#")(channel)
        seen.declare()
        url = f"{bridge.url}/v1/listeners"
        callback = {"type": "amqp", "exchange": "relay"}
        for _ in range(2):
            given = {"events": ["TASK"], "callback": callback}
            requests.post(url, json=given, timeout=10).raise_for_status()
        data = {"execution": {"id": "e1"}, "task": {"name": "charge"}}
        requests.post(
            f"{bridge.url}/v1/events",
            json={"type": "task.failed", "data": data},
            timeout=10,
        ).raise_for_status()
        bridge.wait_until(becomes_quiet(bridge))
        copies = []
        while (message := seen.get(no_ack=True)) is not None:
            copies.append(message)

    assert 2 <= len(copies) <= 2**MAX_HOPS
    assert {one.headers["cloudEvents_project"] for one in copies} == {"default"}
    assert {one.delivery_info["routing_key"] for one in copies} == {
        "default.task.failed.default.-.-.charge"
    }


def becomes_quiet(bridge):
    """Return what tells whether the bridge has had nothing to do for half a second."""
    quiet_since = None

    def look():
        nonlocal quiet_since
        is_quiet = bridge.metric("notifier_bridge_open_events") == 0
        if not (is_quiet and bridge.states()):
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        return (
            quiet_since is not None and time.monotonic() - quiet_since > QUIET_SECONDS
        )

    return look
