# SPDX-License-Identifier: Apache-2.0
"""Every page: open to everybody, without a script too, and safe whatever it shows."""

import re

import pytest
from playwright.sync_api import expect

from bridge.store.database import Database
from tests.browser.engine import tell
from tests.stored import Stores, a_stray

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
PATHS = (
    *("/", "/listeners", "/listeners/new", "/listeners/{listener}", "/deliveries"),
    *("/listeners/{listener}/edit", "/deliveries/{delivery}", "/dead", "/events"),
    *("/events/{event}", "/executions/{execution}", "/quarantine", "/explain"),
    "/quarantine/{message}",
    *(
        "/explain?event={event}&listener={listener}",
        "/dead/nothing",
        "/listeners/nobody",
    ),
    *("/listeners?search={evil}", "/events?binding={evil}", "/executions/{evil}"),
    *("/deliveries?listener={evil}&execution={evil}&event={evil}&state={evil}",),
    *("/explain?event={evil}&listener={evil}", "/dead?retried={evil}&left=1"),
    *("/dead?listener={evil}", "/deliveries?state=pending&listener={evil}&retried=2"),
)


@pytest.fixture
def ids(bridge, client, endpoint):
    """Keep something for every page, with the worst in every field that can hold it."""
    endpoint.usual = 503
    listener = client.listeners.add(
        {
            "name": EVIL,
            "description": EVIL,
            "events": ["*"],
            "when": "$.execution.id != '</script><img src=x onerror=alert(3)>'",
            "callback": {"url": f"{endpoint.url}?%3Cb%3E", "headers": {"X-A": EVIL}},
            "retry": {"delays_seconds": []},
        }
    )
    event = tell(
        bridge.url,
        "task.failed",
        EVIL,
        task=EVIL,
        error=EVIL,
        workbook=EVIL,
        workflow=EVIL,
        payload={EVIL: EVIL},
    )
    bridge.wait_until(lambda: [*client.deliveries.find(listener=listener["id"])])
    (delivery,) = client.deliveries.find(listener=listener["id"])
    quote = {"execution": EVIL, "evil": EVIL}
    yield {
        "message": set_aside(bridge),
        "listener": listener["id"],
        "delivery": delivery["id"],
        "event": event,
        **{name: _quoted(value) for name, value in quote.items()},
    }
    client.listeners.remove(listener["id"])


def set_aside(bridge):
    """Keep a message that is no event, with the worst in all of it; return its id."""
    stray = a_stray(
        reason=EVIL,
        routing_key=EVIL,
        properties={"message_id": EVIL},
        headers={EVIL: EVIL},
        body=EVIL.encode(),
    )
    kept = bridge.home / ".local/share/workflow-notifier/bridge.sqlite3"
    with Database(f"sqlite:///{kept}") as database:
        Stores(database).quarantine.add(stray)
    return stray.id


def _quoted(text):
    return "".join(f"%{one:02X}" for one in text.encode())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_keeps_anybody_out_or_runs_what_others_wrote(visit, ids, scheme):
    visitor = visit(color_scheme=scheme)
    faults = []

    for path in PATHS:
        visitor.open(path.format(**ids))
        expect(visitor.tab.get_by_role("heading", level=1)).to_be_visible()
        assert "49" not in visitor.tab.title()
        faults += visitor.faults()

    assert faults == []


def test_every_page_can_be_read_without_a_script(visit, ids):
    visitor = visit(java_script_enabled=False)

    for path in PATHS:
        visitor.open(path.format(**ids))
        expect(visitor.tab.get_by_role("heading", level=1)).to_be_visible()

    visitor.open("/listeners/new")
    visitor.fill("Events", "on-task-eror")
    visitor.press("Try it on recent events")
    visitor.sees("did you mean on-task-error?")


def test_nothing_stands_out_of_a_phones_screen(visit, ids):
    visitor = visit(viewport={"width": 390, "height": 780})

    for path in PATHS:
        visitor.open(path.format(**ids))

        width = visitor.tab.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path


def test_who_has_no_mouse_gets_to_what_matters(visitor):
    visitor.open("/listeners")

    visitor.tab.keyboard.press("Tab")
    expect(visitor.tab.get_by_text("Skip to content")).to_be_focused()
    visitor.tab.keyboard.press("Enter")
    visitor.tab.keyboard.press("Tab")

    expect(visitor.tab.get_by_role("link", name="Add a listener")).to_be_focused()


def test_a_page_asks_nobody_else(visitor):
    asked = []
    visitor.tab.on("request", lambda request: asked.append(request.url))

    visitor.open("/")

    assert asked
    assert all(one.startswith(visitor.url) for one in asked)


def test_why_is_explained(visitor, client, bridge, endpoint):
    listener = client.listeners.add(
        {
            "name": "errors of orders",
            "workbook": "orders*",
            "events": ["on-task-error"],
            "callback": {"url": endpoint.url},
        }
    )
    event = tell(bridge.url, "task.succeeded", "why-1", task="charge")

    visitor.open("/explain")
    visitor.fill("Event", event)
    visitor.tab.get_by_label("Listener").select_option(listener["id"])
    visitor.press("Explain")

    visitor.sees("It is not for this listener")
    holds = visitor.tab.get_by_role("row", name=re.compile("^holds workbook orders"))
    fails = visitor.tab.get_by_role("row", name=re.compile("does not hold events"))
    expect(holds).to_be_visible()
    expect(fails).to_contain_text("task.succeeded")
