# SPDX-License-Identifier: Apache-2.0
"""The command `notifier` where there is no broker, at the door of a real bridge."""

import contextlib
import json

import pytest

from bridge.embedded import EmbeddedBridge
from bridge.settings import ApiSettings, DatabaseSettings, SecretSettings, Settings
from notifier.event import Event
from notifier.wire import to_cloudevent
from tests.integration.commands import Running, notifier
from tests.servers.processes import free_port

ONE = ("publish", "--type", "task.failed", "--execution", "e1", "--task", "charge")
NOBODY = {"OS_HTTP__URL": "http://127.0.0.1:1", "OS_BUS__TIMEOUT_SECONDS": "0.3"}
ADVICE = (
    "no bridge answers on http://127.0.0.1:1; "
    "start one with `notifier-bridge serve`, or set BRIDGE_URL or AMQP_URL"
)


def bridge_in(folder, port=0):
    return EmbeddedBridge(
        Settings(
            api=ApiSettings(port=port),
            database=DatabaseSettings(url=f"sqlite:///{folder}/bridge.sqlite3"),
            secrets=SecretSettings(key_file=folder / "key"),
        )
    )


@pytest.fixture
def door(tmp_path):
    with bridge_in(tmp_path) as bridge:
        yield {"OS_HTTP__URL": bridge.url}


def test_an_event_goes_to_the_bridge(door):
    with Running("tail", "--format", "json", **door) as tail:
        assert tail.note() == f"listening on {door['OS_HTTP__URL']}; Ctrl-C ends"
        done = notifier(*ONE, "--id", "i1", **door)
        told = json.loads(tail.line())

    key = "task.failed.default.-.-.charge"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"published task.failed i1 as {key}\n"
    assert (told["id"], told["type"]) == ("i1", "task.failed")


def test_lines_go_to_the_bridge_in_order(door):
    events = [
        Event.new("task.started", execution="e1", task=f"t{n}") for n in range(1500)
    ]
    lines = "".join(json.dumps(to_cloudevent(one)) + "\n" for one in events)
    with Running("tail", "--format", "json", **door) as tail:
        tail.note()
        done = notifier("publish", "-", stdin=lines, **door)
        first = json.loads(tail.line())

    assert (done.stdout, done.stderr) == ("published 1500, failed 0\n", "")
    assert first == to_cloudevent(events[0])


def test_one_line_that_the_bridge_refuses_keeps_no_other_back(door):
    events = [
        Event.new("execution.started", execution="e1", event_id="i1"),
        Event.new("execution.failed", execution="e1", event_id="i1"),
        Event.new("execution.started", execution="e2", event_id="i2"),
    ]
    lines = [json.dumps(to_cloudevent(one)) for one in events]
    notifier("publish", "-", stdin=lines[0], **door)

    done = notifier("publish", "-", stdin="\n".join(lines), **door)

    assert (done.returncode, done.stdout) == (1, "published 2, failed 1\n")
    assert done.stderr.startswith("line 2: ")


def test_only_what_a_binding_accepts_is_shown(door):
    bindings = ("--binding", "task.failed.#", "--binding", "*.*.*.orders.#")
    with Running("tail", *bindings, "--count", "2", **door) as tail:
        tail.note()
        for args in (
            ("--type", "execution.started", "--workbook", "bills"),
            ("--type", "execution.started", "--workbook", "orders"),
            ("--type", "task.failed", "--task", "charge"),
        ):
            notifier("publish", "--execution", "e1", *args, **door)

        assert "default/orders/-" in tail.line()
        assert "charge" in tail.line()
        assert tail.end() == 0


def test_ctrl_c_is_no_failure(door):
    with Running("tail", **door) as tail:
        tail.note()

        assert tail.interrupt() == 0


def test_a_bridge_that_comes_back_is_listened_to_again(tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        with bridge_in(tmp_path, port):
            tail = stack.enter_context(Running("tail", OS_HTTP__URL=url))
            assert tail.note() == f"listening on {url}; Ctrl-C ends"
        assert "events are missed until it is back" in tail.note()
        with bridge_in(tmp_path, port):
            while not (note := tail.note()).startswith("listening on "):
                assert "events are missed" in note
            notifier(*ONE, OS_HTTP__URL=url)

            assert "task.failed" in tail.line()


def test_a_bridge_that_is_ready_is_well(door):
    done = notifier("check", **door)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"ok      the bridge on {door['OS_HTTP__URL']} is ready\n"


def test_an_address_without_a_bridge_behind_it_is_told(door):
    url = f"{door['OS_HTTP__URL']}/docs"

    done = notifier("check", OS_HTTP__URL=url)

    assert done.returncode == 1
    assert "is no bridge: 404 for /readyz" in done.stderr


@pytest.mark.parametrize("command", [ONE, ("tail",)], ids=lambda args: args[0])
def test_where_no_bridge_answers_the_way_out_is_told(command):
    done = notifier(*command, **NOBODY)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: {ADVICE}\n"


def test_a_check_tells_the_way_out_too():
    done = notifier("check", "--format", "json", **NOBODY)

    text, _, advice = ADVICE.partition("; ")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "ok": False,
        "findings": [{"grade": "fault", "text": text, "advice": advice}],
    }
