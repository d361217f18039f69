# SPDX-License-Identifier: Apache-2.0
"""Changes of listeners by the real API: whole, in part, and against old copies."""

import pytest
import requests

HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def url(api):
    return f"{api.url}/v1/listeners"


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
