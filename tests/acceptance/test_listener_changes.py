# SPDX-License-Identifier: Apache-2.0
"""Listeners come, change, rest and go while events flow."""

import threading

import pytest

from tests.acceptance.terminals import until


@pytest.fixture
def witness(client, endpoint):
    """A listener that hears everything: what it has got, everybody could have."""
    url = endpoint.url_of("/witness")
    return client.listeners.add({"events": ["EXECUTION", "TASK"], "url": url})


@pytest.fixture
def paths(endpoint):
    """Return the sorted paths of the next webhooks, of which there are no more."""

    def paths(count):
        came = sorted(endpoint.next().path for _ in range(count))
        assert endpoint.is_quiet()
        return came

    return paths


def test_a_listener_is_heard_from_the_moment_it_is_added(engine, endpoint, terminal):
    stop = threading.Event()

    def flow():
        while not stop.wait(0.02):
            engine.task_started("early", execution="e0")

    events_flow = threading.Thread(target=flow)
    events_flow.start()
    try:
        terminal.run(
            f"notifier-bridge listener-add workbook orders {endpoint.url} --events TASK"
        )
        engine.task_failed("charge", execution="e1", workbook="orders")
    finally:
        stop.set()
        events_flow.join()

    assert endpoint.next().headers["ce-subject"] == "executions/e1/tasks/charge"


@pytest.mark.usefixtures("witness")
def test_a_disabled_listener_is_not_told_until_it_is_enabled(
    client, engine, endpoint, terminal, paths
):
    listener = client.listeners.add({"events": ["TASK"], "url": endpoint.url})["id"]

    said = terminal.run(f"notifier-bridge listener-update {listener} --disable")
    engine.task_failed("charge", execution="e1")
    assert paths(1) == ["/witness"]
    assert "disabled" in said

    terminal.run(f"notifier-bridge listener-update {listener} --enable")
    engine.task_failed("charge", execution="e2")
    assert paths(2) == ["/hook", "/witness"]


def test_a_removed_listener_is_not_told_and_what_waits_is_cancelled(
    client, engine, endpoint, terminal, paths
):
    endpoint.usual = 503
    listener = client.listeners.add({"events": ["TASK"], "url": endpoint.url})["id"]
    engine.task_failed("charge", execution="e1")
    (waiting,) = until(
        lambda: list(client.deliveries.find(state="pending")),
        lambda found: found and found[0]["attempt_count"] == 1,
    )
    assert paths(1) == ["/hook"]

    said = terminal.run(f"notifier-bridge listener-remove {listener}")

    endpoint.usual = 204
    client.listeners.add({"events": ["TASK"], "url": endpoint.url_of("/witness")})
    engine.task_failed("charge", execution="e2")
    assert said == f"listener {listener} is removed\n"
    assert paths(1) == ["/witness"]
    assert client.deliveries.get(waiting["id"])["state"] == "cancelled"
    assert terminal.attempt(f"notifier-bridge listener-show {listener}").returncode == 1


@pytest.mark.usefixtures("witness")
def test_a_change_is_heard_at_once(client, engine, endpoint, paths):
    listener = client.listeners.add(
        {"workbook": "orders", "events": ["TASK"], "url": endpoint.url}
    )

    client.listeners.patch(
        listener["id"], {"workbook": "bills", "events": ["EXECUTION"]}, revision=1
    )
    engine.task_failed("charge", execution="e1", workbook="orders")
    engine.execution_failed("e2", workbook="bills")

    assert paths(3) == ["/hook", "/witness", "/witness"]


def test_a_test_event_reaches_the_endpoint_and_tells_how_it_went(
    client, endpoint, terminal
):
    listener = client.listeners.add(
        {"workbook": "w", "events": ["TASK"], "url": endpoint.url}
    )
    command = f"notifier-bridge listener-test {listener['id']}"

    good = terminal.attempt(command)
    endpoint.usual = 500
    bad = terminal.attempt(command)

    ping = endpoint.next_event(listener["secret"])
    assert ping["type"] == "execution.ping"
    assert (good.returncode, bad.returncode) == (0, 1)
    assert "succeeded" in good.stdout
    assert "answered 500 Internal Server Error" in bad.stdout
    assert list(client.deliveries.find()) == []
