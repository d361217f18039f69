# SPDX-License-Identifier: Apache-2.0
"""The listeners of a workbook, as the client of Mistral's first API asks for them.

The real one, python-mistralclient 0.1, runs on Python 2 only; `Manager` sends the
requests that it sends, and reads what it reads.
"""

import json
import shlex

import pytest
import requests

from tests.pages import Page

HOOK = "http://127.0.0.1:9/hook"


class APIException(Exception):
    pass


class Resource:
    def __init__(self, members):
        for name, value in members.items():
            setattr(self, name, value)


class Manager:
    """Its ``ListenerManager`` over its ``HTTPClient``."""

    def __init__(self, url, project_id=None):
        self._url = url
        self._headers = {"X-Project-Id": project_id} if project_id else {}

    def create(self, workbook_name, webhook, description=None, events=None):
        data = {
            "workbook_name": workbook_name,
            "description": description,
            "webhook": webhook,
            "events": events,
        }
        return Resource(self._ask("POST", 201, workbook_name, data=data).json())

    def update(
        self, workbook_name, id_, *, webhook=None, description=None, events=None
    ):
        data = {
            "id": id_,
            "workbook_name": workbook_name,
            "description": description,
            "webhook": webhook,
            "events": events,
        }
        return Resource(self._ask("PUT", 200, workbook_name, id_, data=data).json())

    def list(self, workbook_name):
        found = self._ask("GET", 200, workbook_name).json()["listeners"]
        return [Resource(one) for one in found]

    def get(self, workbook_name, id_):
        return Resource(self._ask("GET", 200, workbook_name, id_).json())

    def delete(self, workbook_name, id_):
        self._ask("DELETE", 204, workbook_name, id_)

    def _ask(self, method, status, workbook, *ids, data=None):
        headers = dict(self._headers)
        if data is not None:
            headers["content-type"] = "application/json"
        answer = requests.request(
            method,
            "/".join([self._url, "workbooks", workbook, "listeners", *ids]),
            data=None if data is None else json.dumps(data),
            headers=headers,
            timeout=10,
        )
        if answer.status_code != status:
            raise APIException(answer.json().get("faultstring"))
        return answer


@pytest.fixture
def manager(api):
    return Manager(f"{api.url}/v1")


@pytest.fixture
def change(api):
    """Change a listener by the API of today."""

    def change(listener, **members):
        url = f"{api.url}/v1/listeners/{listener.id}"
        answer = requests.patch(url, json=members, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return change


def members(listener):
    names = ("id", "workbook_name", "webhook", "description", "events")
    return {name: getattr(listener, name) for name in names}


def test_a_listener_is_registered(manager, api):
    added = manager.create("orders", HOOK, "The pager", ["on-task-error", "EXECUTION"])

    assert members(added) == {
        "id": added.id,
        "workbook_name": "orders",
        "webhook": HOOK,
        "description": "The pager",
        "events": ["on-task-error", "EXECUTION"],
    }
    assert added.secret.startswith("whsec_")
    today = requests.get(f"{api.url}/v1/listeners/{added.id}", timeout=10).json()
    assert (today["workbook"], today["description"]) == ("orders", "The pager")
    assert today["callback"]["url"] == HOOK
    assert (today["events"], today["project"]) == (added.events, "default")


def test_who_names_no_events_hears_all(manager):
    assert manager.create("orders", HOOK).events == ["EXECUTION", "TASK"]


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        (["EXECUTION_STATE"], ["EXECUTION_STATE"]),
        (["TASK_STATE", "WORKFLOW_FAILED"], ["TASK_STATE", "WORKFLOW_FAILED"]),
        ([{"type": "TASK_STATE"}], ["TASK_STATE"]),
    ],
    ids=["old", "mixed", "an object"],
)
def test_events_may_be_named_as_of_old(manager, events, kept):
    assert manager.create("orders", HOOK, None, events).events == kept


def test_the_listeners_of_the_workbook_are_listed_and_no_others(manager, add):
    mine = [manager.create("orders", HOOK, f"number {n}") for n in range(3)]
    by_today = add(workbook="orders", name="pager")
    manager.create("other", HOOK)
    add(workbook="orders", project="acme")

    listed = [one.id for one in manager.list("orders")]

    assert listed == [*(one.id for one in mine), by_today["id"]]


def test_many_listeners_are_all_listed(manager, monkeypatch):
    monkeypatch.setattr("bridge.api.mistral.MAX_LIMIT", 2)
    mine = [manager.create("orders", HOOK).id for _ in range(4)]

    assert [one.id for one in manager.list("orders")] == mine


def test_a_listener_is_shown(manager):
    added = manager.create("orders", HOOK, "The pager", ["TASK"])

    shown = manager.get("orders", added.id)

    assert members(shown) == members(added)
    assert not hasattr(shown, "secret")


def test_what_an_update_does_not_name_stays(manager, kept):
    added = manager.create("orders", HOOK, "The pager", ["TASK"])
    before = kept({"id": added.id})

    changed = manager.update("orders", added.id, events=["EXECUTION"])

    assert members(changed) == {**members(added), "events": ["EXECUTION"]}
    after = kept({"id": added.id})
    assert (after.secret, after.revision) == (before.secret, 2)


def test_an_update_changes_what_it_names_and_nothing_beyond(manager, change, kept):
    added = manager.create("orders", HOOK)
    change(added, when="true", max_in_flight=3, callback={"method": "PUT"})

    changed = manager.update("orders", added.id, webhook=HOOK + "2", description="New")

    assert (changed.webhook, changed.description) == (HOOK + "2", "New")
    now = kept({"id": added.id})
    assert (now.when, now.max_in_flight, now.callback.method) == ("true", 3, "PUT")


def test_a_listener_is_removed(manager):
    added = manager.create("orders", HOOK)

    manager.delete("orders", added.id)

    assert manager.list("orders") == []
    with pytest.raises(APIException, match=f"no listener {added.id}"):
        manager.get("orders", added.id)


def test_a_listener_of_another_workbook_is_not_there(manager, api):
    added = manager.create("orders", HOOK)

    for act in (manager.get, manager.update, manager.delete):
        with pytest.raises(APIException, match="no listener"):
            act("other", added.id)
    assert len(api.parts.listener_store.find(limit=2)) == 1


def test_the_project_is_the_one_that_the_client_works_for(api, manager):
    acme = Manager(f"{api.url}/v1", project_id="acme")

    added = acme.create("orders", HOOK)

    (listener,) = api.parts.listener_store.find(limit=2)
    assert listener.project == "acme"
    assert [one.id for one in acme.list("orders")] == [added.id]
    assert manager.list("orders") == []
    with pytest.raises(APIException):
        manager.get("orders", added.id)


@pytest.mark.parametrize(
    ("webhook", "events", "fault"),
    [
        ("ftp://h/", None, "webhook: must start with http:// or https://"),
        (HOOK, ["TASKS"], "events[0]: 'TASKS' is not a known event"),
        (HOOK, [], "events: must name at least one"),
        (HOOK, [{"typ": "TASK"}], "events[0]: must be a valid string"),
    ],
    ids=["a URL", "an event", "no event", "an object"],
)
def test_what_is_wrong_is_told_where_the_client_looks(manager, webhook, events, fault):
    with pytest.raises(APIException) as refused:
        manager.create("orders", webhook, None, events)

    assert fault in str(refused.value)
    assert manager.list("orders") == []


def test_body_and_url_name_one_workbook_and_one_listener(api, manager):
    added = manager.create("orders", HOOK)
    url = f"{api.url}/v1/workbooks/orders/listeners"
    for body, field in (
        ({"workbook_name": "other"}, "workbook_name"),
        ({"id": "x"}, "id"),
    ):
        answer = requests.put(f"{url}/{added.id}", json=body, timeout=10)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "secret",
    [
        {"auth": {"type": "bearer", "token": "t0ps3cret"}},
        {"headers": {"X-Token": "t0ps3cret"}},
    ],
    ids=["a sign-in", "a header"],
)
def test_no_secret_follows_a_webhook_elsewhere(manager, change, kept, secret):
    added = manager.create("orders", HOOK)
    change(added, callback=secret)

    with pytest.raises(APIException, match="webhook: leads elsewhere"):
        manager.update("orders", added.id, webhook="http://127.0.0.1:10/")

    assert kept({"id": added.id}).callback.url == HOOK
    assert manager.update("orders", added.id, webhook=HOOK + "2").webhook == HOOK + "2"


def test_a_webhook_is_not_given_to_who_is_told_on_the_bus(manager, add):
    added = add(workbook="orders", callback={"type": "amqp", "exchange": "x"})

    assert manager.get("orders", added["id"]).webhook is None
    with pytest.raises(APIException, match="webhook: means nothing"):
        manager.update("orders", added["id"], webhook=HOOK)


def test_the_request_in_the_page_is_taken(api, manager):
    (curl,) = Page("docs/reference/api.md").blocks("sh")
    _, _, _, header, url, _, body = shlex.split(curl.text.replace("\\\n", " "))

    answer = requests.post(
        url.replace("http://127.0.0.1:8990", api.url),
        data=body,
        headers=dict([header.split(": ")]),
        timeout=10,
    )

    assert answer.status_code == 201, answer.text
    assert [one.id for one in manager.list("orders")] == [answer.json()["id"]]
