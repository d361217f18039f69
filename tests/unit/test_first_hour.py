# SPDX-License-Identifier: Apache-2.0
"""What docs/first-hour.md says was typed are commands that there still are."""

import re
import shlex

import click
import pytest

from bridge.cli import main as of_bridge
from notifier.cli import main as of_notifier
from tests.pages import Page

PROGRAMS = {"notifier": of_notifier, "notifier-bridge": of_bridge}
TEXT = Page("docs/first-hour.md").text
TYPED = sorted(
    {
        *re.findall(r"^\$ (.*)$", TEXT, re.MULTILINE),
        *re.findall(r"`(notifier[\w-]* [a-z][^`…]*)`", TEXT),
    }
)


def test_something_was_typed():
    assert len(TYPED) > 8


@pytest.mark.parametrize("line", TYPED)
def test_the_command_is_there_with_its_options(line):
    program, name, *arguments = shlex.split(line)
    group = PROGRAMS[program]
    command = group.get_command(click.Context(group), name)

    assert command is not None
    command.make_context(name, arguments)
