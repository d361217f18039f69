# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/projects-and-tokens.md, typed word by word."""

import json

from bridge.client import BridgeClient
from tests.acceptance.conftest import COMMANDS
from tests.acceptance.terminals import Terminals, until
from tests.pages import Page
from tests.servers.processes import free_port

PAGE = Page("docs/how-to/projects-and-tokens.md")


def test_the_page_leads_from_nobody_to_revoked_tokens(tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    shown = ""
    with Terminals(
        tmp_path,
        COMMANDS,
        OS_API__PORT=str(port),
        BRIDGE_URL=url,
        OS_HTTP__URL=url,
        OS_CALLBACKS__ALLOW_ADDRESSES="192.0.2.0/24",
    ) as terminals:
        for block in PAGE.blocks("sh", "sh terminal-1", "text"):
            text = block.text.replace("127.0.0.1:8990", f"127.0.0.1:{port}")
            match block.info:
                case "sh":
                    shown = terminals.run(text)
                case "sh terminal-1":
                    terminals.start("terminal-1", text)
                    until(lambda: is_ready(url), bool)
                case "text":
                    assert shown == text
        assert (tmp_path / "ann.token").stat().st_mode & 0o077 == 0
        revoked = json.loads((tmp_path / "tokens.json").read_text())[1]["name"]
        left = terminals.run("notifier-bridge token-list")

    assert revoked == "engine"
    assert "Ann" in left
    assert "engine" not in left


def is_ready(url):
    with BridgeClient(url) as bridge:
        try:
            return bridge.health() == []
        except Exception:  # noqa: BLE001 - it is not there yet
            return False
