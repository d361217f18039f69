# SPDX-License-Identifier: Apache-2.0
"""Tokens from the command line, and the commands that show one."""

import json
import re

import pytest

from bridge.embedded import EmbeddedBridge
from bridge.settings import ApiSettings, DatabaseSettings, SecretSettings, Settings
from tests.integration.commands import (
    Running,
    bridge_command,
    notifier,
    notifier_bridge,
    openstack,
)

TOKEN = re.compile(r"wnb_[\w-]{43}")
EVENT = ("publish", "--type", "execution.started", "--execution", "e1")


@pytest.fixture
def home(tmp_path):
    """Settings of an operator's shell, as environment."""
    return {
        "HOME": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/bridge.sqlite3",
    }


@pytest.fixture
def bridge(tmp_path, home):
    """Where a bridge that wants tokens is, as environment."""
    settings = Settings(
        api=ApiSettings(port=0, auth="token"),
        database=DatabaseSettings(url=home["DATABASE_URL"]),
        secrets=SecretSettings(key_file=tmp_path / "key"),
    )
    with EmbeddedBridge(settings) as bridge:
        yield {"BRIDGE_URL": bridge.url, "OS_HTTP__URL": bridge.url}


@pytest.fixture
def create(home):
    """Make a token, and return its text."""

    def create(*args):
        done = bridge_command("token-create", *args, **home)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return create


def test_standard_output_holds_the_token_alone(home):
    done = notifier_bridge(
        "token-create", "--project", "acme", "--role", "member", **home
    )

    assert TOKEN.fullmatch(done.stdout.strip())
    assert re.fullmatch(
        r"token tok_\w{24}: member of project acme, expires \S+Z\n", done.stderr
    )


def test_tokens_are_listed_and_revoked(home, create):
    create("--project", "acme", "--role", "reader", "--name", "dashboard")
    create("--all-projects", "--role", "admin", "--expires-in", "never")

    listed = bridge_command("token-list", **home).stdout
    own = bridge_command("token-list", "--project", "acme", "--format", "json", **home)
    (one,) = json.loads(own.stdout)
    revoked = bridge_command("token-revoke", one["id"], **home)
    again = bridge_command("token-revoke", one["id"], **home)

    assert not TOKEN.search(listed)
    assert re.search(r"\(every one\)  admin +never", listed)
    assert (one["project"], one["name"]) == ("acme", "dashboard")
    assert revoked.stdout == f"token {one['id']} is revoked\n"
    assert (again.returncode, again.stderr) == (1, f"Error: no token {one['id']}\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--role", "admin"), "say --project, or --all-projects"),
        (("--role", "admin", "--project", "a", "--all-projects"), "say --project"),
        (("--role", "owner", "--project", "a"), "'owner' is not one of"),
        (("--role", "admin", "--project", "a", "--expires-in", "1y"), "write 30d"),
        (("--role", "admin", "--project", "a", "--expires-in", "0d"), "over 0"),
        (("--role", "admin", "--project", ""), "must not be empty"),
    ],
)
def test_what_makes_no_token_says_what_would(home, args, said):
    done = bridge_command("token-create", *args, **home)

    assert done.returncode != 0
    assert said in done.stderr
    assert not TOKEN.search(done.stdout + done.stderr)


def test_commands_show_the_token_of_environment_or_file(bridge, create, tmp_path):
    token = create("--project", "acme", "--role", "reader")
    file = tmp_path / "token"
    file.write_text(f"{token}\n")

    without = bridge_command("listener-list", **bridge)
    by_file = bridge_command("listener-list", "--token-file", str(file), **bridge)
    by_variable = bridge_command("listener-list", NOTIFIER_BRIDGE_TOKEN=token, **bridge)

    assert (without.returncode, by_file.returncode, by_variable.returncode) == (1, 0, 0)
    assert "must show a token" in without.stderr


def test_a_file_that_holds_none_is_not_quoted(bridge, tmp_path):
    file = tmp_path / "token"
    file.write_text("not a token: s3cret")

    for done in (
        bridge_command("listener-list", "--token-file", str(file), **bridge),
        notifier("--token-file", str(file), *EVENT, **bridge),
    ):
        assert done.returncode == 1
        assert "no token" in done.stderr
        assert "s3cret" not in done.stderr


def test_an_engine_publishes_tails_and_checks_with_a_token(bridge, create):
    env = bridge | {
        "NOTIFIER_BRIDGE_TOKEN": create("--project", "acme", "--role", "member")
    }
    with Running("tail", "--format", "json", **env) as tail:
        tail.note()
        done = notifier(*EVENT, **env)
        told = json.loads(tail.line())

    assert (done.returncode, done.stderr) == (0, "")
    assert told["project"] == "acme"
    assert notifier("check", **env).returncode == 0


def test_check_says_why_nothing_could_be_published(bridge, create):
    reader = create("--project", "acme", "--role", "reader")

    without = notifier("check", **bridge)
    reading = notifier("check", NOTIFIER_BRIDGE_TOKEN=reader, **bridge)
    refused = notifier(*EVENT, NOTIFIER_BRIDGE_TOKEN=reader, **bridge)

    assert "the bridge wants a token" in without.stderr
    assert "a reader's token publishes nothing" in reading.stderr
    assert {without.returncode, reading.returncode, refused.returncode} == {1}
    assert "this token is a reader's" in refused.stderr


def test_openstack_shows_the_bridges_own_token_too(bridge, create):
    env = bridge | {
        "NOTIFIER_BRIDGE_TOKEN": create("--project", "acme", "--role", "reader")
    }

    listed = openstack("workflow", "listener", "list", "-f", "json", **env)

    assert (listed.returncode, listed.stdout.strip()) == (0, "[]"), listed.stderr
