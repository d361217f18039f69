# SPDX-License-Identifier: Apache-2.0
"""``notifier-bridge listener-…`` against the real API."""

import json

import pytest

from bridge import keyring
from tests.integration.commands import bridge_command, notifier_bridge
from tests.servers.processes import free_port

HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def run(api, tmp_path):
    """Run a command of `notifier-bridge` against the API."""

    def run(*args, **env):
        return bridge_command(
            *args,
            **{
                "HOME": str(tmp_path),
                "XDG_STATE_HOME": None,
                "BRIDGE_URL": api.url,
                **env,
            },
        )

    return run


@pytest.fixture
def run_json(run):
    """Run a command that succeeds, and return its JSON."""

    def run_json(*args):
        done = run(*args, "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return run_json


@pytest.mark.parametrize(
    ("kind", "member", "events"),
    [
        ("execution", "execution_id", ["EXECUTION", "TASK"]),
        ("workbook", "workbook", ["EXECUTION", "TASK"]),
        ("workflow", "workflow", ["EXECUTION", "TASK"]),
        ("task", "task", ["TASK"]),
    ],
)
def test_a_listener_hears_all_of_what_it_is_bound_to(run_json, kind, member, events):
    added = run_json("listener-add", kind, "x1", HOOK)

    assert added[member] == "x1"
    assert added["events"] == events
    assert added["callback"]["url"] == HOOK
    bound = ("execution_id", "workbook", "workflow", "task")
    assert sum(added[name] is not None for name in bound) == 1


def test_every_option_has_its_effect(run_json, kept):
    added = run_json(
        *("listener-add", "workbook", "orders*", HOOK, "--project", "acme"),
        *("--description", "Wakes us"),
        *("--events", "on-task-error,EXECUTION", "--events", "task.started"),
        *("--when", "$.task.state = ERROR", "--name", "pager", "--method", "put"),
        *("--header", "X-Team: ops", "--header", "X-Token:t0p:s3cret"),
        *("--secret", "whsec_" + "A" * 32, "--timeout", "2.5", "--max-in-flight", "7"),
        *("--mode", "call", "--on-timeout", "refuse"),
    )

    assert added["events"] == ["on-task-error", "EXECUTION", "task.started"]
    assert (added["project"], added["name"]) == ("acme", "pager")
    assert added["description"] == "Wakes us"
    assert added["when"] == "$.task.state = ERROR"
    assert added["secret"] == "whsec_" + "A" * 32
    assert added["max_in_flight"] == 7
    assert added["callback"]["method"] == "PUT"
    assert added["callback"]["mode"] == "call"
    assert added["callback"]["on_timeout"] == "refuse"
    assert added["callback"]["timeout_seconds"] == 2.5
    assert kept(added).callback.headers == {"X-Team": "ops", "X-Token": "t0p:s3cret"}


def test_a_listener_may_be_told_on_the_bus(run_json):
    added = run_json(
        *("listener-add", "workbook", "orders", "--type", "amqp"),
        *("--exchange", "audit", "--routing-key", "orders"),
    )

    assert added["callback"]["exchange"] == "audit"
    assert added["callback"]["routing_key"] == "orders"


def test_the_secret_is_told_once_and_noted_for_this_machine(run, kept, api, tmp_path):
    done = notifier_bridge(
        *("listener-add", "workbook", "orders", HOOK),
        BRIDGE_URL=api.url,
        HOME=str(tmp_path),
    )

    assert (done.returncode, done.stderr) == (0, "")
    first, second, third = done.stdout.splitlines()
    listener_id = first.split()[1]
    secret = kept({"id": listener_id}).secret
    assert first == f"listener {listener_id} hears EXECUTION, TASK of workbook orders"
    assert second == f"callback POST {HOOK}"
    assert third == f"secret {secret} (shown this once; receivers verify with it)"
    noted = tmp_path / ".local/state/workflow-notifier/secrets.jsonl"
    assert keyring.recall(9, "/hook", noted) == (secret,)
    for command in (("listener-show", listener_id), ("listener-list",)):
        assert secret not in run(*command).stdout


def test_the_secret_of_a_receiver_elsewhere_is_not_noted(run, tmp_path):
    done = run("listener-add", "workbook", "orders", "http://203.0.113.1/")

    assert done.returncode == 1  # that address is for documentation only
    assert not (tmp_path / ".local").exists()


def test_a_list_is_a_plain_table_where_there_is_no_terminal(run, add):
    one = add(name="pager", workbook="orders*", task="charge")
    add(events=["EXECUTION"], enabled=False, callback={"type": "amqp", "exchange": "a"})

    done = run("listener-list")

    head, first, second = done.stdout.splitlines()
    assert head.split("  ")[0].strip() == "ID"
    assert first.split() == [
        *(one["id"], "enabled", "workbook", "orders*,", "task", "charge", "TASK"),
        *("POST", HOOK, "pager"),
    ]
    assert second.split()[1:] == [
        "disabled",
        "everything",
        "EXECUTION",
        "exchange",
        "a",
    ]
    assert "\x1b" not in done.stdout


def test_listeners_are_found_by_options(run_json, add):
    add(name="a", workbook="w", execution_id="e")
    add(name="b", project="p", enabled=False)

    for options, names in (
        (("--name", "a", "--workbook", "w", "--execution", "e", "--enabled"), ["a"]),
        (("--project", "p", "--disabled"), ["b"]),
        (("--workbook", "x"), []),
        (("--execution", "x"), []),
        (("--limit", "1"), ["a"]),
    ):
        found = run_json("listener-list", *options)
        assert [one["name"] for one in found] == names, options


def test_one_is_shown_whole(run, run_json, add):
    added = add(name="pager", when="true")
    added.pop("secret")

    assert run_json("listener-show", added["id"]) == added
    shown = run("listener-show", added["id"]).stdout
    for text in (added["id"], "pager", "true", HOOK, "5 s, 5 min", "enabled"):
        assert text in shown


def test_an_update_changes_what_is_named(run_json, add, kept):
    headers = {"A": "1", "B": "2"}
    added = add(name="pager", workbook="w", callback={"url": HOOK, "headers": headers})

    changed = run_json(
        *("listener-update", added["id"], "--workbook", "", "--task", "charge"),
        *("--to", HOOK + "2", "--header", "A:", "--header", "C: 3", "--disable"),
    )

    assert (changed["name"], changed["workbook"]) == ("pager", None)
    assert (changed["task"], changed["enabled"]) == ("charge", False)
    assert changed["callback"]["url"] == HOOK + "2"
    assert kept(added).callback.headers == {"B": "2", "C": "3"}


def test_an_update_of_nothing_is_a_wrong_use(run, add):
    done = run("listener-update", add()["id"])

    assert done.returncode == 2
    assert "nothing to change" in done.stderr


def test_a_test_that_fails_is_status_1(run, add):
    added = add(callback={"url": f"http://127.0.0.1:{free_port()}/"})

    done = run("listener-test", added["id"])

    assert done.returncode == 1
    assert "connection refused" in done.stdout


def test_a_test_that_arrives_is_status_0(run_json, add):
    added = add(callback={"type": "amqp", "exchange": "audit"})

    assert run_json("listener-test", added["id"])["outcome"] == "succeeded"


def test_several_are_removed_until_one_is_not_there(run, run_json, add):
    first, last = add()["id"], add()["id"]

    done = run("listener-remove", first, "lst_none", last)

    assert done.returncode == 1
    assert done.stdout == f"listener {first} is removed\n"
    assert done.stderr == "Error: no listener lst_none\n"
    assert [one["id"] for one in run_json("listener-list")] == [last]


@pytest.mark.parametrize(
    ("args", "status", "reason"),
    [
        (("job", "x", HOOK), 2, "'job' is not one of"),
        (("workbook", "x"), 2, "a callback of type http needs a URL"),
        (("workbook", "x", HOOK, "--header", "X"), 2, "write it as 'NAME: VALUE'"),
        (("workbook", "x", HOOK, "--type", "smtp"), 2, "'smtp' is not one of"),
        (("workbook", "x", HOOK, "--max-in-flight", "x"), 2, "not a valid integer"),
        (("workbook", "x", "ftp://h/"), 1, "callback.url: must start with http://"),
        (("task", "x", HOOK, "--events", "nope"), 1, "events[0]: 'nope' is not a"),
        (("task", "x", HOOK, "--when", "$."), 1, "when: "),
    ],
)
def test_what_is_wrong_is_told_and_nothing_stored(run, run_json, args, status, reason):
    done = run("listener-add", *args)

    assert done.returncode == status
    assert reason in done.stderr
    assert done.stdout == ""
    assert run_json("listener-list") == []


def test_without_a_bridge_it_is_said_how_to_start_one(run):
    url = f"http://127.0.0.1:{free_port()}"

    done = run("listener-list", "--bridge", url)

    assert done.returncode == 1
    assert done.stderr == (
        f"Error: no bridge answers on {url}: no connection; start one with: "
        "notifier-bridge serve\n"
    )


def test_a_call_can_become_a_cast_again(run_json):
    added = run_json("listener-add", "workbook", "orders", HOOK, "--mode", "call")

    changed = run_json("listener-update", added["id"], "--mode", "cast")

    assert added["callback"]["on_timeout"] == "accept"
    assert changed["callback"]["mode"] == "cast"
    assert changed["callback"]["on_timeout"] is None


def test_a_listener_that_is_waited_for_is_shown_so(run, run_json):
    added = run_json("listener-add", "workbook", "orders", HOOK, "--mode", "call")

    shown = run("listener-show", added["id"]).stdout

    assert "waited for; silence counts as accept" in shown
