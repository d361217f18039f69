# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/commands.md, typed word by word."""

import json
import re

import pytest

from tests.pages import Page
from tests.servers.processes import free_port

PAGE = Page("docs/how-to/commands.md")
VOLATILE = (
    (re.compile(r"lst_\w+"), "lst"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\d+\.\d/s.*"), "RATE"),
    (re.compile(r" +"), " "),
)

pytestmark = pytest.mark.parametrize("bus_url", ["in-process"], indirect=True)


@pytest.fixture
def pager(client):
    return client.listeners.add(
        {
            "name": "pager",
            "workbook": "orders",
            "events": ["on-task-error"],
            "url": f"http://127.0.0.1:{free_port()}/hook",
            "retry": {"delays_seconds": []},
        }
    )


def plain(text):
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text


def test_top_shows_what_the_page_shows(terminal, pager):
    (command,) = (one.text for one in PAGE.blocks("sh", section="See what it does"))
    (told,) = PAGE.blocks("text", section="See what it does")

    shown = terminal.run(f"{command} --interval 0.1".replace("\n", ""))

    told = told.text.replace("http://127.0.0.1:9000/hook", pager["callback"]["url"])
    assert plain(shown) == plain(told)


def test_what_goes_on_goes_on_until_ctrl_c(terminal, pager):
    commands = [
        line
        for block in PAGE.blocks("sh until-ctrl-c")
        for line in block.text.splitlines()
        if line != "notifier-bridge top"  # a terminal's; test_cli_watching.py has one
    ]
    for number, command in enumerate(commands):
        begun = terminal.start(str(number), command)
        if "json" not in command:
            begun.wait_for(lambda shown: "listening on" in shown or "ID" in shown)
    terminal.run(
        "notifier publish --type task.failed --workbook orders --execution e1 "
        "--task charge --error declined"
    )
    for number, command in enumerate(commands):
        terminal[str(number)].wait_for(
            lambda shown: "dead" in shown or "task.failed" in shown
        )
        status, shown = terminal.interrupt(str(number))
        assert status == 0, command
        if "json" in command:
            (dead,) = map(json.loads, shown.splitlines())
            assert (dead["listener_id"], dead["state"]) == (pager["id"], "dead")


def test_why_is_told_as_the_page_tells_it(terminal, pager):
    done = terminal.run(
        "notifier publish --type task.succeeded --workbook orders --execution e1 "
        "--task charge"
    )
    event = done.split()[2]
    command = PAGE.block("sh explain").replace("EVENT", event)

    shown = terminal.run(command.replace("LISTENER", pager["id"]))

    assert plain(shown) == plain(PAGE.block("text explain"))


def test_what_is_dead_can_be_tried_again(terminal):
    for line in PAGE.blocks("sh", section="Try many again")[0].text.splitlines():
        assert terminal.run(line) == "tried again 0, failed 0\n"


def test_the_shells_read_what_makes_them_complete(terminal):
    terminal.run(PAGE.block("sh completion bash") + "complete -p notifier-bridge")
    terminal.run(PAGE.block("sh completion fish"))

    folder = terminal.home / ".config/fish/completions"
    assert {one.name for one in folder.iterdir()} == {
        *("notifier.fish", "notifier-bridge.fish")
    }
