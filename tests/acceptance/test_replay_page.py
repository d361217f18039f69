# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/replay.md, typed word by word."""

import re
import sys

from tests.acceptance.conftest import COMMANDS
from tests.acceptance.terminals import Terminals, until
from tests.acceptance.test_projects_page import is_ready
from tests.pages import Page
from tests.servers.processes import free_port

PAGE = Page("docs/how-to/replay.md")
STORY = ["execution.started", "task.failed", "execution.failed"]


def test_the_page_leads_from_missed_events_to_a_new_listener(tmp_path):
    port, hook = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    shown = ""
    with Terminals(
        tmp_path, COMMANDS, OS_API__PORT=str(port), BRIDGE_URL=url, OS_HTTP__URL=url
    ) as terminals:
        for block in PAGE.blocks():
            text = block.text.replace("127.0.0.1:8990", f"127.0.0.1:{port}")
            shown = typed(terminals, block.info, text.replace("9000", str(hook)), shown)
        told = re.compile(r"  /audit  (\S+)  executions/e1")
        audit = until(
            lambda: told.findall(terminals["terminal-2"].shown),
            lambda found: len(found) >= len(STORY),
        )

    assert audit == STORY


def typed(terminals, info, text, shown):
    """Do what a block of the page says; return what is shown then."""
    match info.split():
        case ["sh"]:
            return terminals.run(text)
        case ["sh", "terminal-1"]:
            terminals.start("terminal-1", text)
            until(lambda: is_ready(terminals.environment["BRIDGE_URL"]), bool)
        case ["sh", terminal]:
            program = terminals.start(terminal, text)
            until(lambda: "listening" in program.shown, bool)
        case ["json", name]:
            (terminals.home / name).write_text(text)
        case ["text"]:
            assert text in shown
        case ["python", _]:
            url = terminals.environment["BRIDGE_URL"]
            inside = text.replace("BridgeClient()", f"BridgeClient({url!r})")
            program = f"{sys.executable} - <<'EOP'\n{inside}\nEOP"
            assert terminals.run(program) == "200.0\n"
    return shown
