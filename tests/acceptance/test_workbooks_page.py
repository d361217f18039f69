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

    def here(text):
        for there, url in (("8990", bridge.url), ("9000", endpoint.url)):
            text = text.replace(f"127.0.0.1:{there}", f"127.0.0.1:{urlsplit(url).port}")
        return text

    for name in ("orders.yaml", "payments.yaml"):
        (terminal.home / name).write_text(here(PAGE.block(f"yaml {name}")))
    return lambda info: terminal.run(here(PAGE.block(f"sh {info}")))


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


@pytest.mark.parametrize(
    ("status", "reasons"),
    [
        (204, ()),
        (409, ("answered 409 Conflict",)),
        (503, ("answered 503 Service Unavailable",)),
    ],
    ids=["accepts", "refuses", "says neither"],
)
def test_a_hook_that_is_waited_for_may_refuse(run, engine, endpoint, status, reasons):
    run("apply-payments")
    endpoint.answers.append(status)
    event = engine.event(
        "task.started", execution="e1", task="pay", workbook="payments"
    )

    verdict = engine.call(event, on_timeout="accept")

    by = "tasks/pay/on-enter/Gate:may-pay"
    assert endpoint.next().path == "/may-pay"
    assert bool(verdict) == (not reasons)
    assert verdict.reasons == tuple(f"{by}: {reason}" for reason in reasons)


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
