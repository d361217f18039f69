# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/production.md, typed word by word, on private servers."""

import os
import shlex
import signal
from contextlib import suppress

import pytest
import requests

from bridge.client import BridgeClient
from bridge.store import schema
from tests.acceptance.conftest import COMMANDS
from tests.acceptance.terminals import Terminals, until
from tests.pages import Page
from tests.servers.processes import free_port

PAGE = Page("docs/how-to/production.md")
PUBLISHED = {f"e{number}" for number in range(1, 9)}
SECONDS = 60


@pytest.fixture
def commands(tmp_path, own_rabbit, own_postgres):
    """Folder of the commands that an operator's machine has for its servers."""
    folder = tmp_path / "commands"
    folder.mkdir()
    psql = shlex.join([str(own_postgres.command("psql")), "-v", "ON_ERROR_STOP=1"])
    for name, script in {
        "sudo": '[ "$1" = -u ] && shift 2\nexec "$@"',
        "psql": f"exec {psql} {own_postgres.url}",
        "rabbitmqctl": own_rabbit.ctl_script(),
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def at_home(tmp_path, own_rabbit, own_postgres):
    """Returns a text of the page as it is on this machine."""
    here = {
        "localhost:5672": f"127.0.0.1:{own_rabbit.port}",
        "localhost/workflow": f"127.0.0.1:{own_postgres.port}/workflow",
        "/etc/bridge": f"{tmp_path}/etc/bridge",
        "schema 0013": f"schema {schema.head()}",
        **{port: str(free_port()) for port in ("8990", "8991", "9000")},
    }

    def at_home(text):
        for there, own in here.items():
            text = text.replace(there, own)
        return text

    return at_home


@pytest.fixture
def terminals(tmp_path, commands, at_home):
    home = tmp_path / "home"
    home.mkdir()
    with Terminals(
        home,
        f"{commands}{os.pathsep}{COMMANDS}",
        OS_API__PORT=at_home("8990"),
        BRIDGE_URL=at_home("http://127.0.0.1:8990"),
    ) as terminals:
        yield terminals
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((home / "second.pid").read_text()), signal.SIGKILL)


@pytest.fixture
def follow(terminals, at_home):
    """Types one section of the page; waits for what goes on, as a person would."""
    (environment,) = (at_home(one.text) for one in PAGE.blocks("sh environment"))
    known = []  # once the person has read it in

    def follow(section):
        shown = ""
        for block in PAGE.blocks(section=section):
            text = at_home(block.text)
            match block.info.split(" "):
                case ["sh"]:
                    shown = terminals.run("".join(known) + text, seconds=SECONDS)
                case ["text"]:
                    assert shown == text
                case ["sh", "environment"]:
                    known.append(environment)
                case ["sh", "install"]:
                    pass  # as in the tutorial, whose test does it
                case ["sh", terminal]:
                    script = f"{environment}exec {text}"
                    terminals.start(terminal, shlex.join(["bash", "-euc", script]))

    return follow


def is_ready(url):
    with suppress(requests.ConnectionError):
        return requests.get(f"{url}/readyz", timeout=5).ok
    return False


@pytest.mark.timeout(240)
def test_the_page_leads_from_nothing_to_two_bridges(terminals, follow, at_home):
    for section in ("The database", "The broker", "The bridges"):
        follow(section)
    for port in ("8990", "8991"):
        url = at_home(f"http://127.0.0.1:{port}")
        until(lambda url=url: is_ready(url), bool)
    follow("Try it")

    with BridgeClient(at_home("http://127.0.0.1:8990")) as bridge:
        found = until(
            lambda: list(bridge.deliveries.find()),
            lambda found: [one["state"] for one in found] == ["delivered"] * 8,
        )
    assert {one["execution_id"] for one in found} == PUBLISHED
    assert terminals["terminal-2"].shown.count("  verified\n") == len(found)

    follow("Change the key")  # it ends the bridge in the terminal that it needs
    until(lambda: is_ready(at_home("http://127.0.0.1:8990")), bool)
    with BridgeClient(at_home("http://127.0.0.1:8990")) as bridge:
        assert len(list(bridge.listeners.find())) == 1
    assert terminals.interrupt("terminal-1")[0] == 0
