# SPDX-License-Identifier: Apache-2.0
"""``/v1/listeners`` of the real API."""

import base64
import re

import pytest
import requests

from bridge.model import ListenerId
from tests.servers.processes import free_port

HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def url(api):
    return f"{api.url}/v1/listeners"


@pytest.fixture
def add(url):
    """Register a listener and return its JSON."""

    def add(**members):
        body = {"events": ["TASK"], "callback": {"url": HOOK}, **members}
        answer = requests.post(url, json=body, timeout=10)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return add


@pytest.fixture
def kept(api):
    """Return a listener as it is kept, secrets included."""
    return lambda shown: api.parts.listener_store.get(None, ListenerId(shown["id"]))


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
        "workbook": None,
        "workflow": None,
        "execution_id": None,
        "task": None,
        "events": ["TASK"],
        "when": None,
        "callback": {
            "type": "http",
            "url": HOOK,
            "method": "POST",
            "headers": {},
            "auth": None,
            "format": "standard",
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
        "callback": {
            "type": "http",
            "url": HOOK,
            "method": "PUT",
            "headers": {"X-Team": "ops"},
            "auth": None,
            "format": "standard",
            "timeout_seconds": 2.5,
            "batch": None,
        },
        "ordered": False,
        "max_in_flight": 7,
        "rate_per_second": None,
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


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_mask_that_is_sent_back_keeps_the_value(add, url, kept, method):
    headers = {"X-Token": "t0ps3cret", "X-Team": "ops"}
    shown = add(callback={"url": HOOK, "headers": headers})
    del shown["secret"]
    shown["callback"]["headers"] = {"X-Token": "***", "X-Key": "new"}

    answer = requests.request(method, f"{url}/{shown['id']}", json=shown, timeout=10)

    assert answer.status_code == 200, answer.text
    now = kept(shown).callback.headers
    assert (now["X-Token"], now["X-Key"]) == ("t0ps3cret", "new")


def test_a_mask_without_a_value_is_refused(url):
    body = {"events": ["TASK"], "url": HOOK, "headers": {"X-Token": "***"}}

    answer = requests.post(url, json=body, timeout=10)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "callback.headers.X-Token"


def test_put_replaces_all_but_the_secret(add, url, kept):
    added = add(name="pager", workbook="orders", when="true", max_in_flight=7)
    body = {"events": ["EXECUTION"], "callback": {"url": HOOK + "2"}}

    answer = requests.put(f"{url}/{added['id']}", json=body, timeout=10)

    shown = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (shown["name"], shown["workbook"], shown["when"]) == (None, None, None)
    assert (shown["max_in_flight"], shown["revision"]) == (64, 2)
    assert shown["created_at"] == added["created_at"] < shown["updated_at"]
    assert kept(shown).secret == added["secret"]
    assert "secret" not in shown


def test_what_was_got_may_be_put_back(add, url):
    added = add(name="pager", workbook="orders")
    shown = requests.get(f"{url}/{added['id']}", timeout=10).json()
    shown["name"] = "new"

    answer = requests.put(f"{url}/{added['id']}", json=shown, timeout=10)

    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["name"], changed["workbook"]) == ("new", "orders")


def test_patch_changes_what_it_names(add, url):
    headers = {"A": "1", "B": "2"}
    added = add(
        name="pager", workbook="orders", callback={"url": HOOK, "headers": headers}
    )
    patch = {
        "workbook": None,
        "enabled": False,
        "callback": {"headers": {"A": None, "C": "3"}},
    }

    shown = requests.patch(f"{url}/{added['id']}", json=patch, timeout=10).json()

    assert (shown["name"], shown["workbook"]) == ("pager", None)
    assert shown["enabled"] is False
    assert shown["callback"]["headers"] == {"B": "2", "C": "3"}
    assert shown["callback"]["url"] == HOOK


def test_a_new_secret_may_be_given_but_is_not_shown(add, url, kept):
    added = add()
    secret = "whsec_" + "B" * 32

    answer = requests.patch(f"{url}/{added['id']}", json={"secret": secret}, timeout=10)

    assert answer.status_code == 200
    assert "secret" not in answer.json()
    assert kept(added).secret == secret


@pytest.mark.parametrize(
    "change", [{"id": "lst_1"}, {"revision": 7}, {"created_at": "x"}, {"project": "p"}]
)
def test_what_the_bridge_sets_cannot_be_changed(add, url, change):
    added = add()

    answer = requests.patch(f"{url}/{added['id']}", json=change, timeout=10)

    assert answer.status_code == 422
    (name,) = change
    assert answer.json()["errors"] == [{"field": name, "reason": "cannot be changed"}]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_old_copy_changes_nothing(add, url, method):
    added = add(name="pager")
    one = f"{url}/{added['id']}"
    newer = requests.patch(one, json={"name": "newer"}, timeout=10).json()
    body = None if method == "DELETE" else {"events": ["TASK"], "url": HOOK}

    answer = requests.request(
        method, one, json=body, headers={"If-Match": '"1"'}, timeout=10
    )

    assert answer.status_code == 412
    assert answer.json()["detail"] == "the listener is at revision 2 now"
    assert requests.get(one, timeout=10).json() == newer


@pytest.mark.parametrize("tag", ['"1"', '"7", "1"', "*"])
def test_a_copy_that_is_current_may_change(add, url, tag):
    added = add()

    answer = requests.patch(
        f"{url}/{added['id']}",
        json={"name": "new"},
        headers={"If-Match": tag},
        timeout=10,
    )

    assert answer.status_code == 200


def test_a_name_that_is_taken_is_a_conflict(add, url):
    add(name="pager")
    other = add(name="other")
    body = {"name": "pager", "events": ["TASK"], "url": HOOK}

    added = requests.post(url, json=body, timeout=10)
    changed = requests.put(f"{url}/{other['id']}", json=body, timeout=10)

    for answer in (added, changed):
        assert answer.status_code == 409
        assert answer.json()["detail"] == (
            "project default has a listener named 'pager'"
        )


def test_a_removed_listener_is_not_found(add, url):
    one = f"{url}/{add()['id']}"

    removed = requests.delete(one, timeout=10)

    assert (removed.status_code, removed.content) == (204, b"")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = {"events": ["TASK"], "url": HOOK}
        answer = requests.request(method, one, json=body, timeout=10)
        assert answer.status_code == 404
    assert requests.post(f"{one}/test", timeout=10).status_code == 404


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
