# SPDX-License-Identifier: Apache-2.0
"""An endpoint fails, and its owner wants nothing lost."""

import pytest

from tests.acceptance.terminals import until

SOON = {"delays_seconds": [0.2, 0.2], "jitter": 0}


@pytest.fixture
def listener(client, endpoint):
    return client.listeners.add(
        {"events": ["TASK"], "callback": {"url": endpoint.url}, "retry": SOON}
    )


def in_state(client, *states):
    """Wait until the deliveries are in these states, and return them, latest first."""
    return until(
        lambda: list(client.deliveries.find()),
        lambda found: tuple(one["state"] for one in found) == states,
    )


@pytest.mark.usefixtures("listener")
def test_a_failing_endpoint_is_tried_again_until_it_recovers(client, engine, endpoint):
    endpoint.answers.extend([503, 500])

    engine.task_failed("charge", execution="e1")

    came = [endpoint.next() for _ in range(3)]
    (delivery,) = in_state(client, "delivered")
    attempts = client.deliveries.get(delivery["id"])["attempts"]
    assert {one.headers["webhook-id"] for one in came} == {delivery["id"]}
    assert len({one.body for one in came}) == 1
    assert [one["status"] for one in attempts] == [503, 500, 204]
    assert [one["outcome"] for one in attempts] == ["refused", "refused", "succeeded"]
    assert endpoint.is_quiet()


def test_what_is_dead_is_delivered_when_somebody_says_so(
    client, engine, endpoint, listener, terminal
):
    endpoint.usual = 503
    engine.task_failed("charge", execution="e1")
    (dead,) = in_state(client, "dead")
    assert dead["reason"] == (
        "failed 3 times; the last time: answered 503 Service Unavailable"
    )
    for _ in range(3):
        endpoint.next()

    endpoint.usual = 204
    said = terminal.run(f"notifier-bridge delivery-retry {dead['id']}")

    assert said == f"delivery {dead['id']} is tried again\n"
    assert endpoint.next_event(listener["secret"])["type"] == "task.failed"
    (delivery,) = in_state(client, "delivered")
    assert delivery["attempt_count"] == 4
    shown = terminal.run(f"notifier-bridge delivery-show {dead['id']}")
    assert shown.count("refused") == 3
    assert shown.count("succeeded") == 1


def test_an_endpoint_that_says_gone_is_left_in_peace(
    client, engine, endpoint, listener
):
    endpoint.usual = 410

    engine.task_failed("charge", execution="e1")
    (dead,) = in_state(client, "dead")

    off = until(
        lambda: client.listeners.get(listener["id"]), lambda found: not found["enabled"]
    )
    assert off["disabled_reason"] == "the receiver answered 410 Gone"
    assert endpoint.next().path == "/hook"
    endpoint.usual = 204
    client.listeners.add({"events": ["TASK"], "url": endpoint.url_of("/other")})
    engine.task_failed("charge", execution="e2")
    assert endpoint.next().path == "/other"
    assert [one["id"] for one in in_state(client, "delivered", "dead")][1] == dead["id"]
    assert endpoint.is_quiet()


def test_another_listener_hears_that_one_is_disabled(
    client, engine, endpoint, listener
):
    operator = client.listeners.add(
        {"events": ["listener.disabled"], "url": endpoint.url_of("/operator")}
    )
    endpoint.answers.append(410)

    engine.task_failed("charge", execution="e1")

    assert endpoint.next().path == "/hook"
    told = endpoint.next_event(operator["secret"])
    assert told["type"] == "listener.disabled"
    assert told["data"]["listener"]["id"] == listener["id"]
    assert told["data"]["listener"]["disabled_reason"] == (
        "the receiver answered 410 Gone"
    )


@pytest.mark.usefixtures("listener")
def test_a_slow_endpoint_does_not_delay_others(client, engine, endpoint):
    endpoint.hold("/slow")
    client.listeners.add({"events": ["TASK"], "url": endpoint.url_of("/slow")})

    for number in range(20):
        engine.task_failed("charge", execution=f"e{number}")

    quick = [endpoint.next() for _ in range(20)]
    assert {one.path for one in quick} == {"/hook"}
    endpoint.release()
    slow = [endpoint.next() for _ in range(20)]
    assert {one.path for one in slow} == {"/slow"}
    in_state(client, *["delivered"] * 40)
