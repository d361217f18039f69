# SPDX-License-Identifier: Apache-2.0
"""What people come to the page for, from its first click to its last."""

import re
from http import HTTPStatus

from playwright.sync_api import expect

from tests.browser.engine import tell

LISTENERS = re.compile(r"/listeners/lst_")


def test_a_listener_is_made_tried_out_and_told(visitor, bridge, endpoint):
    tell(bridge.url, "task.failed", "made-0", task="weigh", error="card declined")
    visitor.open("/listeners")
    visitor.follow(re.compile("Add"))
    visitor.fill("Name", "ops pager")
    visitor.fill("Workbook", "orders*")
    visitor.fill("Only when", "$.task.name = 'weigh'")
    visitor.sees(re.compile(r"1 of the last \d+ events match"))
    visitor.fill("Only when", "$.task.name ==")
    visitor.sees("compare with =")
    visitor.fill("Only when", "$.task.name = 'weigh'")
    visitor.fill("URL", endpoint.url)

    visitor.press("Add it")
    visitor.sees("shown this once")
    secret = visitor.tab.locator("code.secret").inner_text()
    visitor.press("Send a test")
    visitor.sees("The test succeeded with HTTP 204")
    assert endpoint.next_event(secret)["type"] == "execution.ping"

    visitor.open("/listeners")
    visitor.follow("ops pager")
    visitor.sees("Nothing has been delivered")
    tell(bridge.url, "task.failed", "made-1", task="weigh", error="card declined")
    assert endpoint.next_event(secret)["type"] == "task.failed"

    visitor.sees("delivered")  # without loading the page again
    visitor.follow("task.failed")
    visitor.sees("HTTP 204")
    visitor.sees("card declined")
    visitor.sees("webhook-signature: ***")


def test_an_endpoint_breaks_is_mended_and_the_dead_are_tried_again(
    visitor, client, bridge, endpoint
):
    added = client.listeners.add(
        {
            "name": "shop",
            "events": ["on-execution-complete"],
            "callback": {"url": endpoint.url},
            "retry": {"delays_seconds": []},
        }
    )
    endpoint.usual = HTTPStatus.SERVICE_UNAVAILABLE
    visitor.open("/")
    for number in range(3):
        tell(bridge.url, "execution.succeeded", f"broken-{number}")

    dead = visitor.tab.get_by_role("link", name=re.compile("dead"))
    expect(dead.first).to_contain_text("3")
    visitor.sees("503 Service Unavailable")
    dead.first.click()
    visitor.sees("failed once; the last time: answered 503 Service Unavailable")

    endpoint.usual = HTTPStatus.NO_CONTENT
    visitor.press("Choose all")
    visitor.press("Retry the chosen")

    visitor.sees("3 will be tried again now")
    visitor.sees("None. Everything was delivered")
    visitor.open("/listeners")
    row = visitor.tab.get_by_role("row", name=re.compile("shop"))
    expect(row.get_by_role("img")).to_have_accessible_name("3 of the last 3 delivered")
    assert {one["state"] for one in client.deliveries.find(listener=added["id"])} == {
        "delivered"
    }


def test_what_waits_for_an_endpoint_is_tried_again_once_it_is_mended(
    visitor, client, bridge, endpoint
):
    listener = {"name": "kiosk", "workbook": "kiosk", "events": ["TASK"]}
    callback = {"callback": {"url": endpoint.url}}
    delays = {"retry": {"delays_seconds": [86400]}}
    added = client.listeners.add({**listener, **callback, **delays})
    endpoint.usual = HTTPStatus.SERVICE_UNAVAILABLE
    visitor.open("/")
    for number in range(8):  # enough for its breaker
        told = {"workbook": "kiosk", "task": "print"}
        tell(bridge.url, "task.succeeded", f"kiosk-{number}", **told)

    visitor.sees("kiosk has been left alone since")
    visitor.follow("waits")
    endpoint.usual = HTTPStatus.NO_CONTENT
    visitor.press("Retry all that wait for kiosk")

    visitor.sees("8 will be tried again now")
    visitor.sees("There is no such delivery")
    found = client.deliveries.find(listener=added["id"])
    assert {one["state"] for one in found} == {"delivered"}


def test_an_auditor_finds_who_was_told_what_and_what_they_answered(
    visitor, client, bridge, endpoint
):
    for name, events in (("bookkeeping", ["*"]), ("on call", ["on-task-error"])):
        client.listeners.add(
            {
                "name": name,
                "workbook": "audited",
                "events": events,
                "callback": {"url": endpoint.url},
            }
        )
    told = {"workbook": "audited"}
    tell(bridge.url, "execution.started", "audit/1", **told)
    tell(bridge.url, "task.succeeded", "audit/1", task="charge", **told)
    tell(bridge.url, "task.failed", "audit/1", task="ship", error="no van", **told)

    visitor.open("/events?binding=*.*.*.audited.%23")
    visitor.follow("audit/1")

    moments = visitor.tab.locator(".story > li")
    expect(moments).to_have_count(3)
    expect(moments.nth(1)).to_contain_text("task.succeeded charge")
    expect(moments.nth(1)).to_contain_text("bookkeeping")
    expect(moments.nth(1)).not_to_contain_text("on call")
    expect(moments.nth(2)).to_contain_text("no van")
    expect(moments.nth(2)).to_contain_text("on call")
    expect(moments.nth(2).get_by_text("HTTP 204")).to_have_count(2)

    visitor.follow("task.succeeded")
    visitor.tab.get_by_text("on call").click()
    row = visitor.tab.get_by_role("row", name=re.compile("does not hold events"))
    expect(row).to_contain_text("on-task-error")
    expect(row).to_contain_text("task.succeeded")


def test_events_are_seen_as_they_come_in(visitor, bridge):
    visitor.open("/events?binding=task.%23")
    expect(visitor.tab.get_by_text("live", exact=True)).to_be_visible()

    tell(bridge.url, "execution.started", "tail-1")
    tell(bridge.url, "task.started", "tail-2", task="look")

    visitor.sees("tail-2")
    visitor.misses("tail-1")
    visitor.press("Pause")
    visitor.sees("paused")


def test_a_listener_is_edited_paused_and_removed(visitor, client, endpoint):
    added = client.listeners.add(
        {
            "name": "old name",
            "events": ["TASK"],
            "callback": {
                "url": endpoint.url,
                "auth": {"type": "bearer", "token": "t0ps3cret"},
                "headers": {"X-Team": "ops"},
            },
        }
    )
    visitor.open(f"/listeners/{added['id']}")
    visitor.follow("Edit")
    assert "t0ps3cret" not in visitor.tab.content()
    visitor.fill("Name", "new name")
    visitor.fill("Headers", "")
    visitor.press("Save")
    visitor.sees("Saved.")
    visitor.sees("new name")
    visitor.press("Pause")
    visitor.sees("Paused. Events that come in meanwhile are not kept for it.")
    visitor.press("Resume")
    visitor.press("Rotate the secret")
    visitor.sees("The listener has new secrets")
    secret = visitor.tab.locator("code.secret").inner_text()
    visitor.press("Send a test")
    visitor.sees("The test succeeded")
    came = endpoint.next()
    assert came.headers["authorization"] == "Bearer t0ps3cret"
    assert "x-team" not in {name.lower() for name in came.headers}
    assert secret.startswith("whsec_")

    visitor.tab.get_by_text("Remove this listener").click()
    visitor.press("Remove it")
    visitor.sees("The listener was removed.")
