# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/openstack-command-line.md, typed word by word."""

import json
import re
from importlib.metadata import metadata, version

import pytest

from tests.pages import Page

PAGE = Page("docs/how-to/openstack-command-line.md")
ID = re.compile(r"lst_\w{32}")
SECRET = re.compile(r"whsec_\S{44}")


def known(shown):
    """Return what is shown, without what differs from run to run."""
    return SECRET.sub("whsec_", ID.sub("lst_", shown))


@pytest.mark.parametrize("bus_url", ["in-process"], indirect=True)
def test_what_the_page_types_shows_what_the_page_shows(terminal, client):
    said = []
    for block in PAGE.blocks("sh", "text"):
        if block.info == "sh":
            said.append(terminal.run(block.text))
            continue
        parts = known(block.text).split("…\n")
        assert_in_order(known(said[-1]), parts)

    (after,) = [json.loads(one[: one.rindex("}") + 1]) for one in said if '"id"' in one]
    assert after["name"] == "pager"
    assert (after["workbook"], after["task"]) == (None, "charge*")
    assert after["events"] == ["on-task-error", "EXECUTION"]
    assert after["callback_headers"] == {"X-Team": "ops"}
    assert list(client.listeners.find()) == []


def assert_in_order(shown, parts):
    start = 0
    for part in parts:
        assert part in shown[start:], shown
        start = shown.index(part, start) + len(part)


def test_what_the_page_installs_is_what_the_tests_have():
    assert "openstackclient" in metadata("workflow-notifier").get_all("Provides-Extra")
    for name in ("python-openstackclient", "python-mistralclient"):
        assert name in PAGE.block("sh install")
        assert version(name)
