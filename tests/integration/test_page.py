# SPDX-License-Identifier: Apache-2.0
"""The page without a browser: what it shows, and what its forms do."""

import html
import re
from datetime import UTC, datetime
from functools import partial

import pytest

from bridge.model import CallbackSpec, State
from bridge.page.events import MAX_EXPLAINED
from bridge.store.journal import Entry
from tests.browsing import FORM, PATHS, Browser, keep_in
from tests.stored import a_listener, a_stray, an_envelope


@pytest.fixture
def browser(api):
    return Browser(api.url)


@pytest.fixture
def keep(api):
    return partial(keep_in, api, an_envelope("1", error="<b>x</b>"))


def test_every_page_is_shown_with_nothing_in_it_that_could_run(browser, keep):
    listener, delivery = keep(name="<script>alert(1)</script>", workbook='"><img>')
    ids = {"listener": listener.id, "delivery": delivery.id}

    for path in PATHS:
        answer = browser.get(path.format(**ids))

        assert answer.status_code == 200, path
        assert "<h1>" in answer.text
        assert not re.search(r"<script>|<img>|<b>x| style=| on\w+=", answer.text), path
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_what_is_not_there_is_told_as_a_page(browser):
    for path in ("/listeners/nobody", "/executions/nobody", "/quarantine/1", "/dead/1"):
        answer = browser.get(path)

        assert answer.status_code == 404
        assert "<h1>Not Found</h1>" in answer.text


def test_a_listener_is_added_changed_paused_and_removed(browser, api):
    answer = browser.post("/listeners/new", **FORM)

    (kept,) = api.parts.listener_store.find(limit=2)
    assert kept.secret in answer.text
    assert kept.callback.headers == {"X-Team": "ops", "X-Api-Key": "s3cret"}
    assert "s3cret" not in browser.get(f"/listeners/{kept.id}/edit").text

    here = f"/listeners/{kept.id}"
    masked = {"callback.headers": "X-Api-Key: ***", "revision": "1", "name": "pager"}
    assert browser.post(f"{here}/edit", **(FORM | masked)).status_code == 303
    changed = api.parts.listener_store.get(None, kept.id)
    assert (changed.name, changed.secret) == ("pager", kept.secret)
    assert changed.callback.headers == {"X-Api-Key": "s3cret"}

    old = browser.post(f"{here}/edit", **(FORM | masked))
    assert old.status_code == 412
    assert "somebody else has changed it" in old.text
    assert browser.post(f"{here}/pause").status_code == 303
    assert not api.parts.listener_store.get(None, kept.id).enabled
    rotated = browser.post(f"{here}/secret").text
    assert api.parts.listener_store.get(None, kept.id).secret in rotated
    assert browser.post(f"{here}/remove").status_code == 303
    assert api.parts.listener_store.find(limit=2) == []


EXCHANGE = {"callback.type": "amqp", "callback.exchange": "audit"}
CALL = {"callback.mode": "call", "callback.on_timeout": "refuse"}
BATCHES = {"callback.format": "cloudevents-batch"}
BEARER = {"callback.auth.type": "bearer", "callback.auth.token": "t"}
BASIC = {
    "callback.auth.type": "basic",
    "callback.auth.username": "u",
    "callback.auth.password": "p",
}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        *[({}, EXCHANGE), (EXCHANGE, {}), (CALL, {}), ({}, CALL), (BEARER, BASIC)],
        *[({}, BATCHES), (BATCHES, {})],
    ],
    ids=[
        *["to-amqp", "to-http", "to-cast", "to-call", "to-another-sign-in"],
        *["to-batches", "to-single-events"],
    ],
)
def test_a_form_changes_a_callback_to_what_it_would_have_made(
    browser, api, before, after
):
    for name, fields in (("old", before), ("model", after)):
        browser.post("/listeners/new", **(FORM | fields | {"name": name}))
    find = api.parts.listener_store.find
    (old,), (model,) = find(limit=1, name="old"), find(limit=1, name="model")

    form = FORM | after | {"name": "old", "revision": "1"}
    answer = browser.post(f"/listeners/{old.id}/edit", **form)

    assert answer.status_code == 303, answer.text
    assert api.parts.listener_store.get(None, old.id).callback == model.callback


def test_a_condition_of_several_lines_outlives_the_form(browser, api):
    when = "$.task.name = 'a'\nor $.task.name = 'b'"
    browser.post("/listeners/new", **(FORM | {"when": when.replace("\n", "\r\n")}))

    (kept,) = api.parts.listener_store.find(limit=2)
    assert kept.when == when
    form = browser.get(f"/listeners/{kept.id}/edit").text
    (shown,) = re.findall(r'<textarea id="when".*?>\n(.*?)</textarea>', form, re.DOTALL)
    assert html.unescape(shown) == when


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"events": "on-task-eror"}, "did you mean on-task-error?"),
        ({"callback.url": ""}, "callback.url"),
        ({"callback.headers": "nonsense"}, "Name: value"),
        ({"max_in_flight": "many"}, "max_in_flight"),
        ({"rate_per_second": "0"}, "greater than 0"),
        ({"when": "$.a =="}, "when"),
    ],
)
def test_what_is_wrong_is_told_beside_the_form_which_stays_filled(
    browser, api, fields, told
):
    answer = browser.post("/listeners/new", **(FORM | fields))

    assert answer.status_code == 422
    assert told in answer.text
    assert 'value="ops"' in answer.text
    assert api.parts.listener_store.find(limit=1) == []


def test_a_form_is_tried_on_the_latest_events(browser, keep):
    keep()
    asked = FORM | {"when": "$.execution.id = 'e1'", "events": "TASK nonsense"}
    json = {"Accept": "application/json"}

    wrong = browser.post("/listeners/check", headers=json, **asked).json()
    right = browser.post("/listeners/check", **(asked | {"events": "TASK"})).text

    assert [one["means"] for one in wrong["events"]] == ["task.*", None]
    assert "1 of the last 1 events match" in right


def test_a_form_is_tried_with_the_filters_that_its_listener_has(browser, keep):
    listener, _ = keep(filters=({"exact": {"type": "task.started"}},))
    asked = FORM | {"events": "TASK", "id": listener.id}

    found = browser.post("/listeners/check", **asked).text

    assert "0 of the last 1 events match" in found


def test_an_event_leads_to_all_its_deliveries_where_there_are_many_listeners(
    browser, api, keep
):
    keep()
    for _ in range(MAX_EXPLAINED - 1):
        api.parts.listener_store.add(a_listener())
    assert "Only the first" not in browser.get("/events/1").text
    api.parts.listener_store.add(a_listener())

    page = browser.get("/events/1").text

    assert "Only the first 50 listeners" in page
    assert 'href="/deliveries?event=1"' in page


def test_the_dead_are_tried_again(browser, api, keep):
    _, delivery = keep()

    answer = browser.post("/dead", of="/dead", id=[delivery.id, "dlv_gone"])

    assert answer.headers["location"] == "/dead?retried=1&left=1"
    assert api.parts.delivery_store.get(None, delivery.id)[0].state is State.PENDING
    assert api.woken.is_set()


@pytest.mark.parametrize("state", ["dead", "pending"])
def test_all_that_are_in_one_state_are_tried_again_of_one_listener(
    browser, api, keep, state
):
    listener, delivery = keep()
    _, other = keep()
    if state == "pending":
        for one in (delivery, other):
            browser.post(f"/deliveries/{one.id}/retry")
    path = {"dead": "/dead", "pending": "/deliveries"}[state]
    before = retries(api, other)

    answer = browser.post("/dead", all="yes", state=state, listener=listener.id)

    told = browser.get(answer.headers["location"])
    assert told.request.path_url.startswith(f"{path}?")
    assert "1 will be tried again now" in told.text
    assert api.parts.delivery_store.get(None, delivery.id)[0].state is State.PENDING
    assert retries(api, other) == before


def retries(api, delivery):
    kept, _ = api.parts.delivery_store.get(None, delivery.id)
    return kept.state, kept.due_at


def test_events_that_fit_a_binding_are_found_further_back(browser, api, monkeypatch):
    monkeypatch.setattr("bridge.page.events.LOOKED_AT", 3)
    at = datetime.now(UTC)
    for number in range(8):
        task = "rare" if number == 1 else "common"
        api.journal.write([Entry((an_envelope(str(number), task=task), at))])

    path, seen = "/events?binding=%23.rare", []
    while path:
        page = browser.get(path).text
        seen.append('href="/events/1"' in page)
        more = re.search(r'href="([^"]*before=[^"]*)"', page)
        path = html.unescape(more[1]) if more else None

    assert seen == [False, False, True]


def test_a_listener_on_the_bus_is_shown_by_its_exchange(browser, keep):
    listener, _ = keep(callback=CallbackSpec("amqp", exchange="lake.events"))

    for path in ("/listeners", f"/listeners/{listener.id}", "/deliveries"):
        assert browser.get(path).status_code == 200
    assert "exchange lake.events" in browser.get("/listeners").text


def test_what_was_set_aside_is_looked_at_and_dropped(browser, api):
    stray = a_stray(body=b"<script>alert(1)</script>")
    api.parts.quarantine_store.add(stray)

    page = browser.get(f"/quarantine/{stray.id}").text
    answer = browser.post(f"/quarantine/{stray.id}/drop")

    assert "&lt;script&gt;" in page
    assert answer.headers["location"] == "/quarantine?done=dropped"
    assert api.parts.quarantine_store.find(limit=1) == []


def test_a_form_of_another_site_does_nothing(browser, api):
    forged = browser.post("/listeners/new", csrf="guessed", **FORM)
    foreign = browser.post(
        "/listeners/new", headers={"Origin": "http://evil.example"}, **FORM
    )
    rebound = browser.get("/", headers={"Host": "evil.example"})

    statuses = [one.status_code for one in (forged, foreign, rebound)]
    assert statuses == [403, 403, 403]
    assert api.parts.listener_store.find(limit=1) == []


def test_a_page_hears_of_changes_and_of_events(browser, api):
    changes = browser.get("/stream/changes", stream=True)
    events = browser.get("/stream/events?binding=task.failed.%23", stream=True)
    lines, seen = changes.iter_lines(), events.iter_lines()
    assert next(seen) == b": watching"

    api.offer(an_envelope("7"))

    assert b"data: changed" in lines
    assert any(b'"id":"7"' in one.replace(b" ", b"") for one in seen)
