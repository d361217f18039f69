# SPDX-License-Identifier: Apache-2.0
"""What docs/how-to/batches.md says is so."""

import json

import pytest

from tests.acceptance.terminals import until
from tests.pages import Page

PAGE = Page("docs/how-to/batches.md")

pytestmark = pytest.mark.parametrize("bus_url", ["in-process"], indirect=True)


def test_the_page_leads_to_a_batch_whose_events_are_handled_once(
    client, engine, endpoint, capsys
):
    listener = json.loads(PAGE.block("json"))
    listener["callback"]["url"] = endpoint.url
    listener["callback"]["batch"]["max_wait_ms"] = 1000
    endpoint.answers.append(503)
    added = client.listeners.add({**listener, "retry": {"delays_seconds": [0.01]}})
    program = {}
    exec(PAGE.block("python"), program)  # noqa: S102 - what the page shows

    for task in ("reserve", "charge"):
        engine.task_failed(task, execution="e1", workbook="orders")
    first, again = endpoint.next(), endpoint.next()
    seen = set()
    for came in (first, again):
        program["receive"](added["secret"], came.headers, came.body, seen)
    found = until(
        lambda: list(client.deliveries.find(state="delivered")),
        lambda found: len(found) == 2,
    )

    assert again.body == first.body
    assert capsys.readouterr().out == 2 * "task.failed e1\n"
    (batch_id,) = {one["batch_id"] for one in found}
    assert first.headers["webhook-id"] == again.headers["webhook-id"] == batch_id
    assert list(client.deliveries.find(batch=batch_id)) == found


def test_the_commands_in_the_page_work(client, terminal):
    for block in PAGE.blocks("sh"):
        terminal.run(block.text)

    (added,) = client.listeners.find()
    assert added["callback"]["batch"] == {"max_events": 100, "max_wait_ms": 50}


def test_a_receiver_by_command_shows_a_batch(engine, terminal):
    terminal.start("listen", "notifier-bridge listen --port 0")
    shown = terminal["listen"]
    until(lambda: "listening on" in shown.shown, bool)
    url = shown.shown.partition("listening on ")[2].split()[0]
    terminal.run(f"notifier-bridge listener-add workbook orders {url}/hook --batch 2")

    for task in ("reserve", "charge"):
        engine.task_failed(task, execution="e1", workbook="orders")

    until(lambda: "batch of 2  2 task.failed  verified" in shown.shown, bool)
