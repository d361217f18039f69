# SPDX-License-Identifier: Apache-2.0
"""``/v1/listeners`` of the real API."""

import base64
import re

import pytest
import requests

from tests.servers.processes import free_port

HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def url(api):
    return f"{api.url}/v1/listeners"


def test_a_listener_is_shown_in_its_whole_shape(url):
    answer = requests.post(
        url,
        json={"events": ["TASK"], "callback": {"type": "http", "url": HOOK}},
        timeout=10,
    )

    assert answer.status_code == 201
    shown = answer.json()
    assert answer.headers["Location"] == f"/v1/listeners/{shown['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert re.fullmatch(r"lst_[0-9a-f]{32}", shown.pop("id"))
    secret = shown.pop("secret")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert shown.pop("created_at") == shown.pop("updated_at")
    assert shown == {
        "project": "default",
        "name": None,
        "description": None,
        "workbook": None,
        "workflow": None,
        "execution_id": None,
        "task": None,
        "events": ["TASK"],
        "when": None,
        "filters": [],
        "callback": {
            "type": "http",
            "url": HOOK,
            "method": "POST",
            "headers": {},
            "auth": None,
            "format": "standard",
            "mode": "cast",
            "on_timeout": None,
            "timeout_seconds": 15,
            "batch": None,
        },
        "ordered": False,
        "max_in_flight": 64,
        "rate_per_second": None,
        "retry": {
            "delays_seconds": [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400],
            "jitter": 0.2,
        },
        "enabled": True,
        "disabled_reason": None,
        "breaker": {
            "state": "closed",
            "since": None,
            "reason": None,
            "limit": 64,
            "failing_since": None,
        },
        "starting": False,
        "workbook_key": None,
        "signing": "v1",
        "public_key": None,
        "former_secret_until": None,
        "allowed_rate_per_second": None,
        "revision": 1,
    }


def test_everything_that_may_be_set_is_kept(add, kept):
    members = {
        "project": "acme",
        "name": "ops pager",
        "workbook": "orders*",
        "workflow": "fulfil",
        "execution_id": "e1",
        "task": "charge",
        "events": ["on-task-error", "EXECUTION"],
        "when": "$.execution.error != null",
        "filters": [{"any": [{"sql": "EXISTS workbook"}, {"exact": {"source": "/e"}}]}],
        "callback": {
            "type": "http",
            "url": HOOK,
            "method": "PUT",
            "headers": {"X-Team": "ops"},
            "auth": None,
            "format": "standard",
            "mode": "call",
            "on_timeout": "refuse",
            "timeout_seconds": 2.5,
            "batch": None,
        },
        "ordered": False,
        "max_in_flight": 7,
        "rate_per_second": 2.5,
        "retry": {"delays_seconds": [1, 0.5], "jitter": 0},
        "enabled": False,
    }

    shown = add(**members, secret="whsec_" + "A" * 32)

    assert {name: shown[name] for name in members} == members
    assert kept(shown).secret == "whsec_" + "A" * 32


def test_the_secret_is_shown_once(add, url, kept):
    added = add()

    shown = requests.get(f"{url}/{added['id']}", timeout=10)

    assert added.pop("secret") == kept(added).secret
    assert shown.json() == added
    assert shown.headers["ETag"] == '"1"'
    listed = requests.get(url, timeout=10).json()["listeners"]
    assert listed == [added]


def test_a_callback_on_the_bus_shows_its_exchange(add):
    shown = add(callback={"type": "amqp", "exchange": "audit", "routing_key": "x"})

    assert shown["callback"] == {
        "type": "amqp",
        "exchange": "audit",
        "routing_key": "x",
        "auth": None,
        "format": "standard",
        "mode": "cast",
        "on_timeout": None,
        "timeout_seconds": 15,
        "batch": None,
    }


@pytest.mark.parametrize(
    "short",
    [
        {"workbook_name": "orders", "events": ["EXECUTION", "TASK"], "url": HOOK},
        {
            "workbook": "orders",
            "callback": {
                "events": ["EXECUTION", "TASK"],
                "url": HOOK,
                "method": "POST",
                "headers": {},
                "mode": "cast",
            },
        },
    ],
    ids=["of a workbook", "of a callback"],
)
def test_a_short_form_is_kept_whole(url, short):
    shown = requests.post(url, json=short, timeout=10).json()

    assert shown["workbook"] == "orders"
    assert shown["events"] == ["EXECUTION", "TASK"]
    assert (shown["callback"]["type"], shown["callback"]["url"]) == ("http", HOOK)


def test_headers_that_may_be_secret_are_masked(add, url, kept):
    secret = ("Authorization", "X-Auth-Token", "Cookie", "X-Api-Key", "X-My-Password")
    headers = {**dict.fromkeys(secret, "t0ps3cret"), "X-Team": "ops"}

    added = add(callback={"url": HOOK, "headers": headers})

    masked = {**dict.fromkeys(secret, "***"), "X-Team": "ops"}
    assert added["callback"]["headers"] == masked
    assert "t0ps3cret" not in requests.get(f"{url}/{added['id']}", timeout=10).text
    assert "t0ps3cret" not in requests.get(url, timeout=10).text
    assert kept(added).callback.headers == headers


def test_a_mask_without_a_value_is_refused(url):
    body = {"events": ["TASK"], "url": HOOK, "headers": {"X-Token": "***"}}

    answer = requests.post(url, json=body, timeout=10)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "callback.headers.X-Token"


def test_pages_follow_each_other(add, url):
    added = [add()["id"] for _ in range(5)]

    found, after = [], None
    while True:
        page = requests.get(url, params={"limit": 2, "after": after}, timeout=10).json()
        assert len(page["listeners"]) <= 2
        found += [one["id"] for one in page["listeners"]]
        after = page["next"]
        if after is None:
            break

    assert sorted(found) == found
    assert set(found) == set(added)


def test_listeners_are_found_by_what_they_are(add, url):
    wanted = add(
        name="a", project="acme", workbook="orders", execution_id="e1", enabled=False
    )
    add(name="a", workbook="orders", execution_id="e1", enabled=False)
    wanted.pop("secret")

    for name, value in (
        ("project", "acme"),
        ("name", "a"),
        ("workbook", "orders"),
        ("execution_id", "e1"),
        ("enabled", "false"),
    ):
        params = {"project": "acme", name: value}
        found = requests.get(url, params=params, timeout=10).json()["listeners"]
        assert found == [wanted], name
        params[name] = "true" if name == "enabled" else "other"
        found = requests.get(url, params=params, timeout=10).json()["listeners"]
        assert found == [], name


def test_a_test_tells_what_came_of_it(add, url):
    port = free_port()
    added = add(callback={"url": f"http://127.0.0.1:{port}/"})

    answer = requests.post(f"{url}/{added['id']}/test", timeout=10)

    assert answer.status_code == 200
    outcome = answer.json()
    assert outcome.pop("duration_ms") > 0
    assert outcome == {
        "outcome": "failed",
        "status": None,
        "error": "connection refused",
        "answer": "",
    }


def test_a_test_that_arrives_shows_the_answer(add, url, api):
    added = add(callback={"url": f"{api.url}/healthz"})

    outcome = requests.post(f"{url}/{added['id']}/test", timeout=10).json()

    # the API takes no POST there: an answer all the same
    assert (outcome["outcome"], outcome["status"]) == ("refused", 405)
    assert '"status": 405' in outcome["answer"]
