# SPDX-License-Identifier: Apache-2.0
"""Somebody at a terminal publishes, watches, and is told what is wrong."""

import json
import socket

import pytest

from tests.servers.processes import free_port

EVENT = {
    "type": "task.failed",
    "data": {"execution": {"id": "e1"}, "task": {"name": "t"}},
}
PUBLISH = "notifier publish --type task.failed --execution e1 --task charge"


def test_tail_shows_what_its_binding_accepts(terminal, engine):
    tail = terminal.start("tail", "notifier tail --binding 'task.failed.*.orders.#'")
    tail.wait_for("listening on")

    engine.task_failed("charge", execution="e1", workbook="bills")
    engine.task_started("charge", execution="e1", workbook="orders")
    engine.task_failed("charge", execution="e1", workbook="orders", error="declined")

    shown = tail.wait_for("declined")
    status, shown = terminal.interrupt("tail")
    assert " task.failed      default/orders/- e1 charge error: declined\n" in shown
    assert "bills" not in shown
    assert "task.started" not in shown
    assert status == 0


def test_lines_of_json_are_published_and_the_wrong_ones_named(
    terminal, client, endpoint
):
    secret = client.listeners.add({"events": ["TASK"], "url": endpoint.url})["secret"]
    lines = "\n".join(["nonsense", json.dumps(EVENT), '{"type": "task.failed"}'])

    done = terminal.attempt("notifier publish -", stdin=lines)

    assert done.returncode == 1
    assert sorted(done.stdout.splitlines()) == [
        "line 1: body: is not JSON: Expecting value: line 1 column 1 (char 0)",
        "line 3: data: is missing",
        "published 1, failed 2",
    ]
    assert endpoint.next_event(secret)["data"] == EVENT["data"]


def test_the_bus_and_the_bridge_can_be_checked(terminal):
    bus = terminal.run("notifier check")
    bridge = terminal.run("notifier-bridge check")

    assert bus.startswith("ok ")
    assert bridge.startswith("settings  all by default\n")


@pytest.mark.parametrize("command", ["serve", "listen"])
def test_a_port_in_use_is_told_with_the_way_out(terminals, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = terminals.attempt(f"notifier-bridge {command} --port {port}")

    assert done.returncode == 1
    assert done.stdout == (
        f"Error: port {port} is in use; choose another with --port\n"
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            PUBLISH,
            "start one with `notifier-bridge serve`, or set BRIDGE_URL or AMQP_URL",
        ),
        (
            "notifier tail",
            "start one with `notifier-bridge serve`, or set BRIDGE_URL or AMQP_URL",
        ),
        ("notifier-bridge listener-list", "start one with: notifier-bridge serve"),
    ],
)
def test_a_bridge_that_is_not_there_is_told_with_the_way_out(terminals, command, said):
    url = f"http://127.0.0.1:{free_port()}"
    terminals.environment.update(BRIDGE_URL=url, OS_HTTP__URL=url)
    terminals.environment["OS_BUS__TIMEOUT_SECONDS"] = "0.5"

    done = terminals.attempt(command)

    assert done.returncode == 1
    assert done.stdout.startswith(f"Error: no bridge answers on {url}")
    assert done.stdout.endswith(f"{said}\n")
    assert done.stdout.count("\n") == 1


# it never comes to the bus
@pytest.mark.parametrize("bus_url", ["in-process"], indirect=True)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--events on-task-eror", "events[0]: 'on-task-eror' is not a known event"),
        ("--when '$.a == 1'", "when: at character 5: unexpected '=='; compare with ="),
        ("""--filter "type LIKE" """, "filters[0].sql: at character 10: "),
        ("--header 'Host: x'", "callback.headers.Host: is set by the bridge itself"),
    ],
)
def test_a_wrong_listener_is_refused_with_field_and_reason(
    terminal, client, endpoint, options, said
):
    add = f"notifier-bridge listener-add workbook orders {endpoint.url}"

    done = terminal.attempt(f"{add} {options}")

    assert done.returncode == 1
    assert done.stdout.startswith(f"Error: {said}")
    assert list(client.listeners.find()) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("notifier tial", "tail"), ("notifier-bridge delivery-lst", "delivery-list")],
)
def test_a_command_that_is_none_is_told_with_the_one_that_is_near(
    terminals, typed, meant
):
    done = terminals.attempt(typed)

    assert done.returncode == 2
    assert done.stdout.endswith(f"Did you mean {meant!r}?\n")


@pytest.mark.parametrize("command", ["notifier", "notifier-bridge"])
def test_both_commands_tell_their_version(terminals, command):
    assert terminals.run(f"{command} --version") == "0.1.0\n"
