# SPDX-License-Identifier: Apache-2.0
"""``/v1/workbooks`` as a client sees it."""

import pytest
import requests

from bridge.client import ClientError
from bridge.workbook.yaml_text import MAX_CHARACTERS, parse
from tests.workbooks import KEYS, ORDERS, VARS

SUCCESS = "tasks/charge/on-exit/Logger:success"


@pytest.fixture
def apply(client):
    return lambda text=ORDERS, **given: client.workbooks.apply(
        text, variables=VARS, **given
    )


@pytest.fixture
def ask(api):
    """Send a request below ``/v1/workbooks``."""

    def ask(method, path="", **request):
        url = f"{api.url}/v1/workbooks{path}"
        return requests.request(method, url, timeout=10, **request)

    return ask


def keys(told):
    return {one["key"] for one in told}


def test_yaml_is_taken_as_it_is(ask):
    text = "name: orders\nlisteners: [{events: [TASK], url: 'http://127.0.0.1:9/'}]"
    headers = {"Content-Type": "application/yaml; charset=utf-8"}

    answer = ask("POST", data=text.encode(), headers=headers)

    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    assert len(answer.json()["added"]) == 1
    assert ask("POST", data=text.encode(), headers=headers).status_code == 200


def test_json_may_hold_the_workbook_as_text_or_as_an_object(client):
    as_text = client.workbooks.apply(ORDERS, variables=VARS)
    as_object = client.workbooks.apply(parse(ORDERS).value, variables=VARS)

    assert keys(as_text["added"]) == KEYS
    assert as_object["unchanged"] == len(KEYS)


def test_an_answer_tells_what_changed_and_what_was_left_alone(apply):
    apply()

    told = apply(ORDERS.replace("/success}", "/well}").replace("on-enter", "on-error"))

    assert told["revision"] == 2
    assert keys(told["added"]) == {"tasks/charge/on-error/Logger:start"}
    assert keys(told["removed"]) == {"tasks/charge/on-enter/Logger:start"}
    changed = {one["key"]: one for one in told["changed"]}[SUCCESS]
    assert changed["members"] == ["callback"]
    assert changed["listener"]["callback"]["url"] == "http://127.0.0.1:9/log/well"
    assert {"place": "tasks/charge/on-success", "entry": "ship"} in told["left_alone"]


def test_a_dry_run_only_tells(apply, client):
    told = apply(dry_run=True)

    assert (told["dry_run"], told["revision"]) == (True, 0)
    assert keys(told["added"]) == KEYS
    assert told["secrets"] == []
    assert list(client.listeners.find()) == list(client.workbooks.find()) == []


def test_secrets_are_told_once_and_masked_for_ever(apply, client, ask):
    (service, listener) = apply()["secrets"]

    shown = ask("GET", "/orders").text + client.workbooks.show("orders")
    shown += str(list(client.listeners.find())) + str(apply())
    assert service["key"] == "services/Logger"
    assert listener["key"] == "listeners/ops pager"
    for secret in (service["secret"], listener["secret"], VARS["Key"]):
        assert secret not in shown
    parameters = client.workbooks.get("orders")["workbook"]["services"]["Logger"]
    assert parameters["parameters"]["headers"] == {"X-Api-Key": "***", "X-Team": "ops"}


def test_what_is_shown_may_be_applied_once_what_is_masked_is_filled(apply, client):
    apply()

    text = client.workbooks.show("orders").replace("'***'", VARS["Key"])

    told = client.workbooks.apply(text)
    assert (told["revision"], told["unchanged"]) == (1, len(KEYS))
    with pytest.raises(
        ClientError, match="X-Api-Key: line 10: has no value that could"
    ):
        client.workbooks.apply(client.workbooks.show("orders"))


@pytest.mark.parametrize(
    ("text", "status", "detail"),
    [
        (ORDERS.replace("type: ", "type: @"), 422, "line 4: found character '@'"),
        ("7", 422, "workbook: must hold names and values"),
        (
            ORDERS.replace("Logger:start", "Loger:start"),
            422,
            "charge.on-enter: line 17: there is no service Loger; did you mean Logger?",
        ),
        (
            ORDERS.replace("error = null", "error == null"),
            422,
            "on-exit.Logger:success.when: line 19: at character 19: unexpected '=='",
        ),
        (
            ORDERS.replace("PUT", "GET"),
            422,
            "services.Logger.actions.error.method: line 11: must be one of POST, PUT",
        ),
        (
            ORDERS.replace("{$.LoggerURL}", "http://10.0.0.7/"),
            422,
            "services.Logger.actions.start.url: line 9: 10.0.0.7 is private",
        ),
        (
            ORDERS.replace("on-task-error", "on-task-eror"),
            422,
            "listeners[0].events[0]: line 26: 'on-task-eror' is not a",
        ),
    ],
    ids=["tab", "number", "service", "condition", "method", "private", "event"],
)
def test_what_is_wrong_is_told_with_its_place_and_line(apply, text, status, detail):
    with pytest.raises(ClientError) as refused:
        apply(text)

    assert refused.value.status == status
    assert detail in refused.value.detail


@pytest.mark.parametrize(
    ("sent", "status", "detail"),
    [
        ({"json": {}}, 422, "workbook: is missing"),
        ({"json": {"workbook": "name: a", "var": {}}}, 422, "did you mean vars?"),
        ({"json": {"workbook": "name: a", "vars": {"a": 1}}}, 422, "vars.a: must be a"),
        ({"json": 7}, 422, "body: "),
        ({"data": b"{"}, 400, "body: "),
        ({"data": b"\xff", "type": "application/yaml"}, 400, "body: is not UTF-8"),
        ({"data": b"name: a", "type": "text/plain"}, 415, "application/json"),
    ],
    ids=["empty", "typo", "number", "no object", "broken", "latin", "form"],
)
def test_a_body_that_is_none_is_refused(ask, sent, status, detail):
    headers = {"Content-Type": sent.pop("type", "application/json")}

    answer = ask("POST", headers=headers, **sent)

    assert answer.status_code == status
    assert detail in answer.json()["detail"]


def test_an_older_copy_is_refused(apply, ask):
    apply()
    old = {"If-Match": '"7"'}

    for answer in (
        ask("POST", json={"workbook": ORDERS, "vars": VARS}, headers=old),
        ask("PUT", "/orders/workflow/on-enter", json="Logger:start", headers=old),
        ask("DELETE", "/orders", headers=old),
    ):
        assert (answer.status_code, "at revision 1" in answer.text) == (412, True)
    current = {"If-Match": '"1"'}
    answer = ask(
        "PUT", "/orders/workflow/on-enter", json="Logger:start", headers=current
    )
    assert answer.headers["ETag"] == '"2"'
    assert ask("DELETE", "/orders", headers={"If-Match": "x"}).status_code == 422


def test_what_is_not_there_is_404(client):
    for ask in (
        lambda: client.workbooks.get("orders"),
        lambda: client.workbooks.show("orders"),
        lambda: client.workbooks.remove("orders"),
        lambda: client.workbooks.remove_piece("orders", "services/Logger"),
    ):
        with pytest.raises(ClientError) as refused:
            ask()
        assert refused.value.status == 404


def test_a_listener_of_a_workbook_is_changed_there(apply, client, ask):
    apply()
    (pager,) = client.listeners.find(name="ops pager")

    for change in (
        lambda: client.listeners.patch(pager["id"], {"events": ["TASK"]}),
        lambda: client.listeners.rotate(pager["id"]),
        lambda: client.listeners.remove(pager["id"]),
    ):
        with pytest.raises(ClientError, match="belongs to the workbook orders") as no:
            change()
        assert no.value.status == 409
    assert ask("DELETE", f"/orders/listeners/{pager['id']}").status_code == 409
    assert not client.listeners.patch(pager["id"], {"enabled": False})["enabled"]
    assert pager["workbook_key"] == "listeners/ops pager"


def test_the_listeners_of_a_workbook_are_found_as_mistrals_first_api_has_them(
    apply, ask
):
    apply()

    found = ask("GET", "/orders/listeners").json()["listeners"]

    assert len(found) == len(KEYS)


def test_workbooks_are_listed_page_by_page(client):
    for name in ("b", "a", "c"):
        client.workbooks.apply({"name": name}, project="acme")
    client.workbooks.apply({"name": "z"})

    found = list(client.workbooks.find(project="acme"))
    assert [one["name"] for one in found] == ["a", "b", "c"]
    assert [one["name"] for one in client.workbooks.find(limit=2)] == ["a", "b"]
    assert len(list(client.workbooks.find())) == 4


def test_a_long_list_goes_on_where_the_page_before_ended(ask, client):
    for name in ("a", "b/c", "d"):
        client.workbooks.apply({"name": name}, project="acme")

    first = ask("GET", params={"limit": 2}).json()
    last = ask("GET", params={"limit": 2, "after": first["next"]}).json()

    assert [one["name"] for one in first["workbooks"] + last["workbooks"]] == [
        *("a", "b/c", "d")
    ]
    assert last["next"] is None


def test_a_list_goes_on_behind_a_project_with_a_slash(ask, client):
    for name in ("a", "b", "c"):
        client.workbooks.apply({"name": name}, project="acme/eu")

    first = ask("GET", params={"limit": 2}).json()
    last = ask("GET", params={"limit": 2, "after": first["next"]}).json()

    assert [one["name"] for one in last["workbooks"]] == ["c"]


def test_what_is_longer_than_a_file_may_be_is_shown_all_the_same(client):
    headers = {"X-Long": "n" * (MAX_CHARACTERS + 1)}
    service = {"type": "HTTP", "parameters": {"headers": headers}}
    client.workbooks.apply({"name": "orders", "services": {"Long": service}})
    client.workbooks.put_piece("orders", "services/Pager", {"type": "HTTP"})

    shown = client.workbooks.show("orders")

    assert "  # made by the API\n  Pager:\n" in shown
    assert headers["X-Long"] in shown
