# SPDX-License-Identifier: Apache-2.0
"""What docs/how-to/workbooks.md types does what the page says."""

import json
from urllib.parse import urlsplit

import pytest

from bridge.client import BridgeClient
from tests.acceptance.terminals import until
from tests.pages import Page

PAGE = Page("docs/how-to/workbooks.md")

in_process = pytest.mark.parametrize("bus_url", ["in-process"], indirect=True)


@pytest.fixture
def run(terminal, bridge, endpoint):
    """Type a block of the page, with this machine's ports."""
    file = terminal.home / "orders.yaml"
    file.write_text(PAGE.block("yaml orders.yaml"))

    def run(info):
        script = PAGE.block(f"sh {info}")
        for there, here in (("8990", bridge.url), ("9000", endpoint.url)):
            script = script.replace(
                f"127.0.0.1:{there}", f"127.0.0.1:{urlsplit(here).port}"
            )
        return terminal.run(script)

    return run


def paths(endpoint, count):
    found = sorted(endpoint.next().path for _ in range(count))
    assert endpoint.is_quiet()
    return found


@pytest.mark.usefixtures("bridge")
def test_a_flow_calls_what_its_workbook_names_as_conditions_say(run, engine, endpoint):
    run("apply")

    fine = {"execution": {"id": "e1", "error": None}, "workbook": "orders"}
    engine.task_started("charge", **fine)
    engine.task_succeeded("charge", **fine)
    assert paths(endpoint, 2) == ["/start", "/success"]

    broken = {"execution": {"id": "e2", "error": "declined"}, "workbook": "orders"}
    engine.task_started("charge", **broken)
    engine.task_failed("charge", error="declined", **broken)
    assert paths(endpoint, 2) == ["/error", "/start"]


@in_process
def test_pieces_are_put_shown_and_removed(run, engine, endpoint, client):
    run("apply")

    shown = run("pieces")
    engine.task_succeeded("ship", execution="e1", workbook="orders")

    assert "# made by the API\n      on-exit: Logger:shipped\n" in shown
    assert paths(endpoint, 1) == ["/shipped"]
    run("delete")
    assert until(lambda: list(client.listeners.find()), lambda found: not found) == []


@in_process
@pytest.mark.parametrize("moment", ["on-enter", "on-exit", "on-success", "on-error"])
def test_the_table_of_hooks_is_true(client: BridgeClient, moment):
    told = {
        hook: (task, own)
        for hook, task, own in PAGE.table("hook", "of a task", "of a workflow")
    }
    service = {
        "type": "HTTP",
        "parameters": {"baseUrl": "http://127.0.0.1:9000"},
        "actions": {"a": "/a"},
    }
    client.workbooks.put_piece("orders", "services/Logger", service)
    found = [
        client.workbooks.put_piece("orders", f"{place}/{moment}", "Logger:a")["added"]
        for place in ("tasks/charge", "workflow")
    ]

    events = [one["listener"]["events"] for added in found for one in added]
    assert events == [[name] for name in told[moment]], json.dumps(events)
