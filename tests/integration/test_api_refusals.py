# SPDX-License-Identifier: Apache-2.0
"""What the real API refuses: the field is named, and nothing is stored."""

import pytest
import requests

from bridge.api.problems import MAX_TOLD

HOOK = "http://127.0.0.1:9/hook"
JSON = {"Content-Type": "application/json"}
FINE = {"events": ["TASK"], "callback": {"url": HOOK}}


def callback(**members):
    return {"callback": {"url": HOOK, **members}}


WRONG = {
    "an unknown event": (
        {"events": ["EXECUTION", "on-task-eror"]},
        "events[1]",
        "'on-task-eror' is not a known event; did you mean on-task-error?",
    ),
    "no event": ({"events": []}, "events", "at least 1 item"),
    "an event that is no text": ({"events": [7]}, "events[0]", "valid string"),
    "no scheme": (callback(url="example.org"), "callback.url", "http:// or https://"),
    "another scheme": (callback(url="ftp://h/"), "callback.url", "http:// or https://"),
    "a user in the URL": (callback(url="http://u:p@h/"), "callback.url", "password"),
    "a private address": (
        callback(url="http://10.0.3.7/"),
        "callback.url",
        "10.0.3.7 is private; an operator can allow it: [callbacks] allow_addresses",
    ),
    "no URL": (callback(url=None), "callback.url", "is missing"),
    "an unknown field": ({"wokbook": "x"}, "wokbook", "did you mean workbook?"),
    "an unknown field inside": (
        callback(uri="x"),
        "callback.uri",
        "unknown field; did you mean callback.url?",
    ),
    "a header with CR and LF": (
        callback(headers={"X-A": "a\r\nX-B: b"}),
        "callback.headers",
        "",
    ),
    "a header name with LF": (callback(headers={"X\nA": "a"}), "callback.headers", ""),
    "a reserved header": (
        callback(headers={"Webhook-Id": "x"}),
        "callback.headers",
        "",
    ),
    "the length as a header": (
        callback(headers={"Content-Length": "1"}),
        "callback.headers",
        "",
    ),
    "another method": (callback(method="GET"), "callback.method", "POST, PUT, PATCH"),
    "an unknown type": (
        callback(type="smtp"),
        "callback.type",
        "'smtp' is not known here; take http or amqp",
    ),
    "an exchange beside a URL": (
        callback(exchange="x"),
        "callback.exchange",
        "means nothing to a callback of type http",
    ),
    "no time": (callback(timeout_seconds=0), "callback.timeout_seconds", "1"),
    "too much time": (callback(timeout_seconds=61), "callback.timeout_seconds", "60"),
    "a condition that does not parse": ({"when": "$.("}, "when", ""),
    "no condition": ({"when": " "}, "when", "is empty"),
    "an unknown dialect": (
        {"filters": [{"jsonata": "x"}]},
        "filters[0].jsonata",
        "is no dialect; exact, prefix, suffix, all, any, not or sql are",
    ),
    "SQL that does not parse": (
        {"filters": [{"not": {"sql": "type == 'x'"}}]},
        "filters[0].not.sql",
        "at character 7: unexpected '='",
    ),
    "no rate": ({"rate_per_second": 0}, "rate_per_second", "greater than 0"),
    "a rate": ({"rate_per_second": 1e9}, "rate_per_second", "100000"),
    "order among answers": (
        {**callback(mode="call"), "ordered": True},
        "ordered",
        "means nothing with mode: call",
    ),
    "a batch of single events": (
        callback(batch={}),
        "callback.batch",
        "means something with format: cloudevents-batch only; say that, or leave it out",
    ),
    "another format": (
        callback(format="xml"),
        "callback.format",
        "'standard', 'cloudevents' or 'cloudevents-batch'",
    ),
    "another mode": (callback(mode="ask"), "callback.mode", "'cast' or 'call'"),
    "silence where nobody waits": (
        callback(on_timeout="refuse"),
        "callback.on_timeout",
        "means nothing where nobody waits; leave it out, or say mode: call",
    ),
    "silence that means something else": (
        callback(mode="call", on_timeout="ask"),
        "callback.on_timeout",
        "'accept' or 'refuse'",
    ),
    "a call that nobody answers": (
        {"callback": {"type": "amqp", "exchange": "audit", "mode": "call"}},
        "callback.mode",
        "a callback of type amqp gives no answer to wait for; take cast",
    ),
    "the wait as a header": (
        callback(headers={"Workflow-Wait-Ms": "1"}),
        "callback.headers",
        "is set by the bridge itself",
    ),
    "text for a number": ({"max_in_flight": "64"}, "max_in_flight", "valid integer"),
    "nothing in flight": ({"max_in_flight": 0}, "max_in_flight", "equal to 1"),
    "a number for text": ({"workbook": 5}, "workbook", "valid string"),
    "no text": ({"workbook": ""}, "workbook", "leave it out instead"),
    "much text": ({"name": "x" * 256}, "name", "256 long; at most 255"),
    "a control character": ({"task": "a\0b"}, "task", "no control characters"),
    "a long project": ({"project": "p" * 65}, "project", "64 bytes"),
    "a delay of 8 days": (
        {"retry": {"delays_seconds": [5, 691200]}},
        "retry.delays_seconds[1]",
        "604800",
    ),
    "a delay beyond all numbers": (
        {"retry": {"delays_seconds": [1e308]}},
        "retry.delays_seconds[0]",
        "604800",
    ),
    "21 delays": (
        {"retry": {"delays_seconds": [1] * 21}},
        "retry.delays_seconds",
        "20 items",
    ),
    "much jitter": ({"retry": {"jitter": 1.5}}, "retry.jitter", "equal to 1"),
    "a weak secret": ({"secret": "whsec_MTIz"}, "secret", "24 to 64 bytes"),
    "an id": ({"id": "lst_1"}, "id", "unknown field"),
    "a short form beside the long one": (
        {"workbook": "a", "workbook_name": "b"},
        "workbook_name",
        "is the short form of workbook; give one of them",
    ),
    "a URL twice": ({"url": HOOK}, "url", "is the short form of callback.url"),
}


@pytest.fixture
def url(api):
    return f"{api.url}/v1/listeners"


def stored(url):
    return requests.get(url, timeout=10).json()["listeners"]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_named_and_nothing_stored(url, name):
    wrong, field, reason = WRONG[name]

    answer = requests.post(url, json={**FINE, **wrong}, timeout=10)

    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["errors"][0]["field"].startswith(field)
    assert reason in problem["errors"][0]["reason"]
    assert problem["errors"][0]["field"] in problem["detail"]
    assert (problem["status"], problem["type"]) == (422, "about:blank")
    assert stored(url) == []


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_wrong_change_changes_nothing(url, method, name):
    wrong, _, _ = WRONG[name]
    added = requests.post(url, json=FINE, timeout=10).json()
    del added["secret"]

    answer = requests.request(
        method, f"{url}/{added['id']}", json={**FINE, **wrong}, timeout=10
    )

    assert answer.status_code == 422, answer.text
    assert stored(url) == [added]


def test_several_wrong_fields_are_all_named(url):
    body = {"events": 5, "max_in_flight": 1.5, "callback": {"timeout": 1}}

    answer = requests.post(url, json=body, timeout=10)

    fields = {one["field"] for one in answer.json()["errors"]}
    assert fields == {"events", "max_in_flight", "callback.timeout"}


def test_of_many_wrong_fields_some_are_told_and_the_rest_counted(url):
    wrong = {f"wokbook{number}": 1 for number in range(MAX_TOLD + 3)}

    told = requests.post(url, json={**FINE, **wrong}, timeout=10).json()

    assert len(told["errors"]) == MAX_TOLD
    assert told["detail"].endswith("; and 3 more")


def test_a_name_longer_than_any_of_ours_is_compared_with_none(url):
    long = "wokbook" * 10_000

    told = requests.post(url, json={**FINE, long: 1}, timeout=10).json()

    assert told["errors"] == [{"field": long, "reason": "unknown field"}]


def test_what_is_missing_is_named(url):
    answer = requests.post(url, json={}, timeout=10)

    assert answer.json()["errors"] == [
        {"field": "events", "reason": "is missing"},
        {"field": "callback", "reason": "is missing"},
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "is not JSON"),
        (b'{"events": [NaN]}', "NaN"),
        (b'{"max_in_flight": 99999999999999999999}', "64 bits"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested over 64"),
        (b'{"name": "\\ud800"}', "cannot be written as JSON"),
    ],
    ids=["cut", "NaN", "a huge number", "no UTF-8", "deep", "over 64", "a surrogate"],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_is_no_strict_json_is_refused(url, method, body, reason):
    added = requests.post(url, json=FINE, timeout=10).json()
    del added["secret"]
    where = url if method == "POST" else f"{url}/{added['id']}"

    answer = requests.request(method, where, data=body, headers=JSON, timeout=10)

    assert answer.status_code == 400
    assert reason in answer.json()["detail"]
    assert stored(url) == [added]


@pytest.mark.parametrize("body", ["[]", '"x"', "null", "5"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_no_object_is_refused(url, method, body):
    added = requests.post(url, json=FINE, timeout=10).json()
    del added["secret"]
    where = url if method == "POST" else f"{url}/{added['id']}"

    answer = requests.request(method, where, data=body, headers=JSON, timeout=10)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body"
    assert stored(url) == [added]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("enabled=maybe", "enabled"),
        ("nmae=x", "nmae"),
    ],
)
def test_a_wrong_filter_is_named(url, query, field):
    answer = requests.get(f"{url}?{query}", timeout=10)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_header_value_is_never_repeated(url):
    headers = {"Authorization": "Bearer t0ps3cret\n"}

    answer = requests.post(url, json={**FINE, **callback(headers=headers)}, timeout=10)

    assert answer.status_code == 422
    assert "t0ps3cret" not in answer.text
