# SPDX-License-Identifier: Apache-2.0
"""``openstack workflow listener …``: the real client, unpatched, and the real API.

A run of `openstack` takes a second or two, so that each test asks it much at once.
"""

import json

import pytest

from bridge import keyring
from bridge.client import BridgeClient
from tests.integration.cloud import TOKEN, Cloud
from tests.integration.commands import openstack
from tests.servers.processes import free_port

HOOK = "http://127.0.0.1:9/hook"
LISTENER = ("workflow", "listener")


@pytest.fixture
def run(api, tmp_path):
    def run(*args, **environment):
        mine = {"HOME": str(tmp_path), "BRIDGE_URL": api.url, **environment}
        return openstack(*LISTENER, *args, **mine)

    return run


@pytest.fixture
def listed(api):
    """Return all listeners."""

    def listed():
        with BridgeClient(api.url) as client:
            return list(client.listeners.find())

    return listed


def test_mistrals_own_commands_are_as_they_were():
    done = openstack("workflow", "list", "--help")

    assert done.returncode == 0
    assert "List all workflows." in done.stdout


def test_every_option_has_its_effect_and_secrets_come_from_files(run, kept, tmp_path):
    secret = "whsec_" + "A" * 32
    auth, signing = tmp_path / "auth", tmp_path / "signing"
    auth.write_text('{"type": "bearer", "token": "t0ps3cret"}')
    signing.write_text(secret)

    done = run(
        *("add", "-f", "json", "--project", "acme", "--name", "pager", "--disable"),
        *("--workbook", "orders*", "--workflow", "fulfil", "--task", "charge"),
        *("--execution", "e1", "--events", "on-task-error,task.started"),
        *("--events", "TASK", "--when", "$.task.state = ERROR", "--url", HOOK),
        *("--method", "put", "--header", "X-Team: ops", "--auth-file", str(auth)),
        *("--secret-file", str(signing), "--timeout", "2.5", "--max-in-flight", "7"),
        *("--description", "Wakes us"),
    )

    assert (done.returncode, done.stderr) == (0, "")
    added = json.loads(done.stdout)
    assert (added["project"], added["name"]) == ("acme", "pager")
    assert (added["workbook"], added["workflow"]) == ("orders*", "fulfil")
    assert (added["task"], added["execution_id"]) == ("charge", "e1")
    assert added["events"] == ["on-task-error", "task.started", "TASK"]
    assert (added["when"], added["enabled"]) == ("$.task.state = ERROR", False)
    assert added["description"] == "Wakes us"
    assert (added["secret"], added["max_in_flight"]) == (secret, 7)
    assert added["callback_auth"] == {"type": "bearer", "token": "***"}
    callback = kept(added).callback
    assert (callback.url, callback.method) == (HOOK, "PUT")
    assert callback.headers == {"X-Team": "ops"}
    assert callback.auth.token == "t0ps3cret"
    assert callback.timeout.total_seconds() == 2.5
    noted = tmp_path / ".local/state/workflow-notifier/secrets.jsonl"
    assert keyring.recall(9, "/hook", noted) == (secret,)


def test_a_list_is_narrowed_and_sorted(run, add):
    add(name="b", workbook="orders")
    one = add(name="a", workbook="orders", task="charge")
    add(name="c", enabled=False)

    done = run(
        *("list", "--workbook", "orders", "--enabled", "--sort-column", "Name"),
        *("-c", "ID", "-c", "Name", "-c", "Listens To", "-c", "Callback"),
    )

    first, second = (
        line.strip("|").split("|") for line in done.stdout.splitlines()[3:5]
    )
    assert [cell.strip() for cell in first] == [
        *(one["id"], "a", "workbook orders, task charge", f"POST {HOOK}")
    ]
    assert second[1].strip() == "b"


def test_what_cannot_be_deleted_keeps_nothing_else(run, add, listed):
    first, last = add(name="a"), add(name="b")
    add(name="twin", project="p1")
    add(name="twin", project="p2")

    done = run("delete", first["id"], "nobody", "twin", last["name"])

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "nobody: no listener has this id or name: nobody",
        "twin: listeners of several projects are named twin: give an id",
        "2 of 4 listeners could not be deleted",
    ]
    assert {one["name"] for one in listed()} == {"twin"}


def test_what_is_wrong_is_told_with_what_to_do(run, add):
    listener = add()["id"]
    nowhere = f"http://127.0.0.1:{free_port()}"

    nothing = run("set", listener)
    alone = run("list", "--bridge", nowhere)

    assert nothing.stderr == "nothing to change: say what; see --help\n"
    assert alone.stderr == (
        f"no bridge answers on {nowhere}: no connection; say where one is with "
        "--bridge or BRIDGE_URL\n"
    )
    assert (nothing.returncode, alone.returncode) == (1, 1)


def test_a_bridge_in_the_service_catalog_is_found_and_sent_the_token(run, add, api):
    add(name="pager")

    with Cloud(api.url, "workflow-notifier") as cloud:
        done = run(
            *("list", "-f", "value", "-c", "Name"), BRIDGE_URL="", **cloud.environment
        )

    assert (done.returncode, done.stdout, done.stderr) == (0, "pager\n", "")
    assert cloud.tokens == [TOKEN]


def test_a_bridge_that_is_named_is_sent_the_token_only_on_request(run, api):
    with Cloud(api.url) as cloud:
        named = {**cloud.environment, "BRIDGE_URL": cloud.url}
        without = run("list", **named)
        sent = run("list", "--send-token", **named)
        none = run("list", BRIDGE_URL="", **cloud.environment)

    assert (without.returncode, sent.returncode) == (0, 0)
    assert cloud.tokens == [None, TOKEN]
    assert none.returncode == 1
    assert none.stderr == (
        "the service catalog has no workflow-notifier: say where the bridge is with "
        "--bridge or BRIDGE_URL\n"
    )
