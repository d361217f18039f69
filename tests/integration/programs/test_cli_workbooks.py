# SPDX-License-Identifier: Apache-2.0
"""``notifier-bridge workbook-…`` against the real API."""

import json

import pytest

from bridge import keyring
from tests.integration.commands import bridge_command
from tests.workbooks import KEYS, ORDERS, VARS


@pytest.fixture
def run(api, tmp_path):
    """Run a command of `notifier-bridge` against the API."""

    def run(*args):
        env = {"HOME": str(tmp_path), "XDG_STATE_HOME": None, "BRIDGE_URL": api.url}
        return bridge_command(*args, **env)

    return run


@pytest.fixture
def apply(run, tmp_path):
    def apply(*args, text=ORDERS):
        file, key = tmp_path / "orders.yaml", tmp_path / "key"
        file.write_text(text)
        key.write_text(VARS["Key"] + "\n")
        filled = ("--var", f"LoggerURL={VARS['LoggerURL']}", "--var", f"Key=@{key}")
        return run("workbook-apply", str(file), *filled, *args)

    return apply


def test_a_dry_run_shows_the_difference_and_says_so_by_its_status(apply, run):
    would = apply("--dry-run")

    assert would.returncode == 3
    assert would.stdout.startswith(
        "workbook orders of project default would be applied"
    )
    assert json.loads(run("listener-list", "--format", "json").stdout) == []
    apply()
    assert apply("--dry-run").returncode == 0


def test_what_is_applied_is_shown_in_a_table(apply):
    done = apply()

    head, columns, *rows = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert head == "workbook orders of project default is applied"
    assert columns.split() == [
        "CHANGE",
        "KEY",
        "EVENTS",
        "WHEN",
        "CALLBACK",
        "DIFFERS",
        "IN",
    ]
    added = [row for row in rows if row.startswith("added ")]
    assert len(added) == len(KEYS)
    assert (
        "added   tasks/charge/on-exit/Logger:success     on-task-complete       "
        "$.execution.error = null   POST http://127.0.0.1:9/log/success" in added
    )
    assert "left to the engine: tasks/ship/on-error: fail" in rows
    assert any(row.startswith("secret of services/Logger: whsec_") for row in rows)
    assert VARS["Key"] not in done.stdout


def test_the_same_again_changes_nothing(apply):
    apply()

    lines = apply().stdout.splitlines()

    assert lines[:2] == [
        "workbook orders of project default is in force as it is",
        f"unchanged: {len(KEYS)}",
    ]


def test_what_changed_and_left_is_shown(apply):
    apply()
    text = ORDERS.replace("= null", "= 1").replace("on-enter", "on-error")

    rows = [line.split() for line in apply(text=text).stdout.splitlines()]

    changes = {
        (row[0], row[1]): row[-1] for row in rows if "/" in (row[1] if row[1:] else "")
    }
    assert changes[("changed", "tasks/charge/on-exit/Logger:success")] == "when"
    assert ("added", "tasks/charge/on-error/Logger:start") in changes
    assert ("removed", "tasks/charge/on-enter/Logger:start") in changes


def test_the_receiver_on_this_machine_knows_the_secrets(apply, tmp_path):
    told = json.loads(apply("--format", "json").stdout)

    secrets = {one["key"]: one["secret"] for one in told["secrets"]}
    file = tmp_path / ".local/state/workflow-notifier/secrets.jsonl"
    assert keyring.recall(9, "/log/error", file) == (secrets["services/Logger"],)
    assert keyring.recall(9, "/pager", file) == (secrets["listeners/ops pager"],)


def test_workbooks_are_listed_shown_and_removed(apply, run):
    apply("--project", "acme")

    listed = run("workbook-list").stdout.splitlines()
    shown = run("workbook-show", "orders", "--project", "acme")
    as_json = run("workbook-show", "orders", "--project", "acme", "--format", "json")
    removed = run("workbook-delete", "orders", "--project", "acme")

    assert listed[1].split()[:3] == ["acme", "orders", "1"]
    assert "      X-Api-Key: '***'\n" in shown.stdout
    assert json.loads(as_json.stdout)["name"] == "orders"
    assert removed.stdout == "the callbacks of workbook orders are removed\n"
    assert json.loads(run("workbook-list", "--format", "json").stdout) == []


def test_removal_as_json(apply, run):
    apply()

    done = run("workbook-delete", "orders", "--format", "json")

    assert json.loads(done.stdout) == {"removed": "orders"}


def test_standard_input_and_a_name_are_taken(run, tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("listeners: []")

    assert run("workbook-apply", str(file), "--name", "orders").returncode == 0
    assert run("workbook-apply", "-").stderr == "Error: workbook: is empty\n"


@pytest.mark.parametrize(
    ("args", "status", "told"),
    [
        (("no.yaml",), 2, "no.yaml: No such file or directory"),
        (("{file}", "--var", "a"), 2, "write it as NAME=VALUE"),
        (("{file}", "--var", "a=@no"), 2, "no: No such file or directory"),
        (("{file}",), 1, "baseUrl: line 6: nothing was given for {$.LoggerURL}; give"),
    ],
    ids=["no file", "no value", "no file of a value", "unresolved"],
)
def test_what_is_wrong_is_told(run, tmp_path, args, status, told):
    file = tmp_path / "orders.yaml"
    file.write_text(ORDERS)

    done = run("workbook-apply", *(arg.format(file=file) for arg in args))

    assert (done.returncode, told in done.stderr) == (status, True), done.stderr
