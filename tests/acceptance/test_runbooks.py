# SPDX-License-Identifier: Apache-2.0
"""Every command of a runbook works at a bridge where all is well."""

import shlex

import pytest
from click.testing import CliRunner

from bridge.cli import main as of_bridge
from notifier.cli import main as of_notifier
from tests.pages import ROOT, Page

PAGES = sorted((ROOT / "docs/runbooks").glob("*.md"))
PROGRAMS = {"notifier": of_notifier, "notifier-bridge": of_bridge}


def commands():
    """Return the commands that somebody is to type, each once."""
    found = {
        line.strip()
        for page in PAGES
        for block in Page(page).text.split("```sh\n")[1:]
        for line in block.partition("```")[0].splitlines()
        if line.strip()
    }
    assert len(found) > len(PAGES) / 2
    return sorted(found)


@pytest.mark.parametrize("bus_url", ["in-process"], indirect=True)
def test_the_commands_of_the_runbooks_work(bridge, tmp_path):
    home = {
        "BRIDGE_URL": bridge.url,
        "OS_HTTP__URL": bridge.url,
        "AMQP_URL": None,
        "DATABASE_URL": None,
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
    }

    for command in commands():
        program, *arguments = shlex.split(command)
        done = CliRunner().invoke(PROGRAMS[program], arguments, env=home)
        assert done.exit_code == 0, f"{command}\n{done.output}"
