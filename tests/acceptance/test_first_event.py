# SPDX-License-Identifier: Apache-2.0
"""Somebody who writes a receiver begins as docs/how-to/verify-webhooks.md says."""

import re

import pytest

from tests.acceptance.terminals import until
from tests.pages import Page
from tests.servers.processes import free_port

PAGE = Page("docs/how-to/verify-webhooks.md")
SECONDS = 60


@pytest.mark.parametrize("bus_url", ["in-process"], indirect=True)
def test_the_first_event_is_verified_and_handed_on(terminal, client):
    mine, theirs = str(free_port()), str(free_port())

    def at_home(text):
        return text.replace("9000", mine).replace("3000", theirs).strip()

    forwarding, failing = at_home(PAGE.block("sh listen")).splitlines()
    listen = terminal.start("listen", at_home(PAGE.block("sh first-event terminal")))
    listen.wait_for("listening on")
    terminal.run(at_home(PAGE.block("sh first-event")))
    listen.wait_for(re.compile("task.failed.*  verified\n").search, SECONDS)

    receiver = terminal.start("theirs", f"notifier-bridge listen --port {theirs}")
    listen = terminal.start("listen", forwarding)
    listen.wait_for("listening on")
    receiver.wait_for("listening on")
    publish = at_home(PAGE.block("sh first-event")).splitlines()[-1]
    terminal.run(publish)
    listen.wait_for(f"forwarded: http://127.0.0.1:{theirs}/hook answers 200 in ")
    assert "task.failed" in receiver.shown

    listen = terminal.start("listen", failing.replace("delay 2", "delay 0.1"))
    listen.wait_for("listening on")
    terminal.run(publish)
    listen.wait_for("task.failed")
    (latest, *_) = until(
        lambda: list(client.deliveries.find(state="pending")), bool, SECONDS
    )
    attempt, *_ = until(
        lambda: client.deliveries.get(latest["id"])["attempts"], bool, SECONDS
    )
    assert attempt["status"] == 503
