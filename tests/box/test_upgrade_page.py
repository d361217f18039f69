# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/upgrade.md, typed where a bridge is that somebody has used."""

import pytest

from tests.acceptance.conftest import COMMANDS
from tests.acceptance.terminals import Terminals
from tests.pages import Page
from tests.servers.processes import free_port

PAGE = Page("docs/how-to/upgrade.md")


@pytest.fixture
def terminals(tmp_path):
    with Terminals(tmp_path, COMMANDS) as terminals:
        yield terminals


def test_a_bridge_is_upgraded_and_brought_back(terminals):
    url = f"http://127.0.0.1:{free_port()}"
    terminals.environment |= {
        "OS_API__PORT": url.rpartition(":")[2], "BRIDGE_URL": url, "OS_HTTP__URL": url
    }  # fmt: skip
    add = f"notifier-bridge listener-add workbook orders {url}/hook"
    serve = PAGE.block("sh start")
    terminals.start("old", serve).wait_for("listeners: 0")
    terminals.run(f"{add} --name kept")
    assert terminals.interrupt("old")[0] == 0

    terminals.run(PAGE.block("sh before"))
    shown = terminals.run(PAGE.block("sh after"))
    terminals.start("new", serve).wait_for("listeners: 1")
    terminals.run(PAGE.block("sh engine"))
    terminals.run(f"{add} --name new")
    assert terminals.interrupt("new")[0] == 0

    terminals.run(PAGE.block("sh back"))
    terminals.start("old again", serve).wait_for("listeners: 1")
    assert terminals.interrupt("old again")[0] == 0
    assert "(is up to date)" in shown
