# SPDX-License-Identifier: Apache-2.0
"""Who has a token, and what a reader's lets its owner do."""

import pytest
from playwright.sync_api import expect

from tests.bridges import BridgeProcess
from tests.integration.commands import bridge_command


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    home = tmp_path_factory.mktemp("guarded")
    url = f"sqlite:///{home}/bridge.sqlite3"
    members = {"DATABASE_URL": url, "OS_API__AUTH": "token"}
    with BridgeProcess(home, **members) as bridge:
        yield bridge


@pytest.fixture
def token(bridge):
    home = bridge.home
    done = bridge_command(
        "token-create",
        "--project",
        "acme",
        "--role",
        "reader",
        HOME=str(home),
        DATABASE_URL=f"sqlite:///{home}/bridge.sqlite3",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_reader_signs_in_looks_around_and_leaves(visitor, token):
    visitor.open("/listeners")
    visitor.sees("Sign in")
    assert visitor.faults() == []
    visitor.fill("Token", "wnb_wrong")
    visitor.press("Sign in")
    visitor.sees("That token is wrong, revoked or expired.")

    visitor.fill("Token", token)
    visitor.press("Sign in")
    expect(visitor.tab.get_by_role("banner")).to_contain_text("reader of acme")
    (cookie,) = visitor.tab.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert token not in cookie["value"]
    assert visitor.faults() == []
    visitor.open("/listeners")
    visitor.misses("Add a listener")
    visitor.open("/quarantine")
    visitor.sees("good for acme alone")

    visitor.press("Sign out")
    visitor.open("/")
    visitor.sees("Sign in")
