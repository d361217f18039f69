# SPDX-License-Identifier: Apache-2.0
"""docs/blueprint.md: its commands work as they are typed, and its tests are there."""

import re
from pathlib import PurePath
from urllib.parse import urlsplit

import pytest
from kombu import Connection, Exchange, Queue

from tests.acceptance.terminals import until
from tests.pages import Page

PAGE = Page("docs/blueprint.md")
ROWS = PAGE.table("the wish", "the command", "proved by")
GOES_ON = ("notifier tail --binding 'task.failed.#'",)
HOST = "http://127.0.0.1"


@pytest.fixture
def billing(bus_url):
    """A queue of the team that reads the exchange ``billing``."""
    with Connection(bus_url) as connection:
        queue = Queue("invoices", Exchange("billing", "topic"), routing_key="#")
        queue = queue.bind(connection)
        queue.declare()
        yield queue


@pytest.fixture
def here(bridge, endpoint):
    """Returns what the page says as it is on this machine."""
    ports = {"8990": urlsplit(bridge.url).port, "9000": urlsplit(endpoint.url).port}

    def here(text):
        for there, own in ports.items():
            text = text.replace(f"{HOST}:{there}", f"{HOST}:{own}")
        return text

    return here


@pytest.mark.parametrize("bus_url", ["RabbitMQ"], indirect=True)
def test_every_command_does_what_it_says(terminal, here, client, endpoint, billing):
    for block in PAGE.blocks():
        _, _, name = block.info.partition(" ")
        (terminal.home / PurePath(name).name).write_text(here(block.text))

    for _, command, _ in ROWS:
        if command in GOES_ON:
            terminal.start(command, command).wait_for("listening on")
        else:
            terminal.run(here(command))

    registered = [one["callback"].get("url") for one in client.listeners.find()]
    untold = {urlsplit(url).path for url in registered if url is not None}
    while untold:
        untold.discard(endpoint.next().path)
    until(billing.get, lambda message: message is not None)
    until(lambda: list(client.deliveries.find(state="pending")), lambda left: not left)
    for command in GOES_ON:
        status, shown = terminal.interrupt(command)
        assert (status, "card declined" in shown) == (0, True)


def test_every_line_is_proved_by_a_test():
    unproved = [row for row in ROWS if not re.search(r"\btests/\S+::test_", row[-1])]

    assert ROWS
    assert not unproved
