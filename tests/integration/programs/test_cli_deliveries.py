# SPDX-License-Identifier: Apache-2.0
"""``notifier-bridge delivery-…`` against the real API."""

import json

import pytest

from bridge.model import State
from bridge.store.journal import Entry
from tests.integration.commands import bridge_command
from tests.stored import NOW, a_delivery, a_listener, an_attempt, an_envelope

AT = "2026-11-24T02:10:00Z"


@pytest.fixture
def run(api):
    """Run a command of `notifier-bridge` against the API."""
    return lambda *args: bridge_command(*args, BRIDGE_URL=api.url)


@pytest.fixture
def run_json(run):
    return lambda *args: json.loads(run(*args, "--format", "json").stdout)


@pytest.fixture
def dead(api):
    """A delivery that was given up, after an answer that would steer a terminal."""
    listener = a_listener()
    api.parts.listener_store.add(listener)
    envelope = an_envelope("a")
    delivery = a_delivery(
        envelope,
        listener,
        state=State.DEAD,
        attempts=1,
        due_at=None,
        reason="no attempt is left",
    )
    attempt = an_attempt(delivery, answer=b"\x1b[31mred\nline")
    api.journal.write([Entry((envelope, NOW), (delivery,), (attempt,))])
    return delivery


def test_a_list_is_a_plain_table_where_there_is_no_terminal(run, dead):
    head, row = run("delivery-list").stdout.splitlines()

    assert head.split() == [
        *("ID", "STATE", "ATTEMPTS", "EVENT", "EXECUTION", "CREATED", "LISTENER")
    ]
    assert row.split() == [
        *(dead.id, "dead", "1", "task.failed", "e1", AT, dead.listener_id)
    ]
    assert "\x1b" not in head + row


def test_deliveries_are_found_by_options(run_json, dead):
    options = {
        "--listener": dead.listener_id,
        "--event": "a",
        "--execution": "e1",
        "--project": "default",
        "--state": "dead",
    }

    def found(wanted):
        return run_json("delivery-list", *(part for pair in wanted for part in pair))

    assert [one["id"] for one in found(options.items())] == [dead.id]
    for name in options:
        other = "pending" if name == "--state" else "other"
        assert found({**options, name: other}.items()) == [], name


def test_one_is_shown_with_its_attempts(run, run_json, dead):
    shown = run("delivery-show", dead.id).stdout

    for text in (dead.id, "no attempt is left", "refused", "503", "12.5"):
        assert text in shown
    assert run_json("delivery-show", dead.id)["attempts"][0]["status"] == 503


def test_what_a_receiver_answered_does_not_steer_the_terminal(run, dead):
    shown = run("delivery-show", dead.id).stdout

    assert "\x1b" not in shown
    assert "\\x1b[31mred\\x0aline" in shown


def test_a_retry_makes_it_pending(run, run_json, dead, api):
    done = run("delivery-retry", dead.id)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"delivery {dead.id} is tried again\n"
    assert run_json("delivery-show", dead.id)["state"] == "pending"
    assert api.woken.is_set()


def test_what_is_not_there_is_status_1(run):
    for command in ("delivery-show", "delivery-retry"):
        done = run(command, "dlv_none")

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "Error: no delivery dlv_none\n"
