# SPDX-License-Identifier: Apache-2.0
"""docs/reference/filters.md: its commands, typed word by word."""

import pytest

from tests.pages import Page

PAGE = Page("docs/reference/filters.md")
SECTION = "On the command line"

pytestmark = pytest.mark.parametrize("bus_url", ["in-process"], indirect=True)


def test_what_the_page_types_does_what_the_page_tells(terminal, client):
    add, change, show = (
        one.text for one in PAGE.blocks("sh commands", section=SECTION)
    )
    terminal.run(add)
    (listener,) = client.listeners.find()
    assert listener["filters"] == [
        {"sql": "type LIKE 'task.%'"},
        {"not": {"suffix": {"type": ".started"}}},
    ]

    terminal.run(change.replace("ID", listener["id"]))
    shown = terminal.run(show.replace("ID", listener["id"]))

    told = PAGE.block("text commands").strip("…\n")
    assert " ".join(told.split()) in " ".join(shown.split())

    terminal.run(f"notifier-bridge listener-update {listener['id']} --filter ''")
    assert client.listeners.get(listener["id"])["filters"] == []


def test_the_command_line_of_openstack_takes_the_same(terminal, client):
    terminal.run(
        "openstack workflow listener add --name pager --url http://127.0.0.1:9000/ "
        """--filter "type LIKE 'task.%'" --filter '{"prefix": {"id": "5"}}'"""
    )

    (listener,) = client.listeners.find()
    assert listener["filters"] == [
        {"sql": "type LIKE 'task.%'"},
        {"prefix": {"id": "5"}},
    ]


def test_the_python_of_the_page_registers_and_changes(client, bridge):
    code = PAGE.block("python client").replace("http://127.0.0.1:8990", bridge.url)

    exec(compile(code, "page", "exec"), {})  # noqa: S102 - it is ours

    (listener,) = client.listeners.find()
    assert listener["filters"] == [{"exact": {"project": "acme"}}]
