# SPDX-License-Identifier: Apache-2.0
"""The CloudEvents Subscriptions API: the same listeners in its words."""

import json
import re
import shlex

import pytest
import requests

from bridge.model import BasicAuth, Format
from tests.pages import Page

HOOK = "http://127.0.0.1:9/hook"
PAGE = Page("docs/how-to/subscriptions.md")
LEAST = {"sink": HOOK, "protocol": "HTTP"}


@pytest.fixture
def url(api):
    return f"{api.url}/subscriptions"


@pytest.fixture
def subscribe(url):
    """Subscribe, and return the JSON of the answer."""

    def subscribe(**members):
        answer = requests.post(url, json=LEAST | members, timeout=10)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return subscribe


def of_page():
    """Return what the page's command sends."""
    _, *words = shlex.split(PAGE.block("sh").replace("\\\n", ""))
    return json.loads(words[words.index("-d") + 1])


def test_the_subscription_in_the_page_is_the_listener_it_speaks_of(subscribe, kept):
    given = of_page()

    made = kept(subscribe(**given))

    assert made.events == ("task.failed", "execution.failed")
    assert made.filters[0] == {"exact": {"source": "/engines/mistral"}}
    assert list(made.filters[1:]) == given["filters"]
    assert made.callback.url == given["sink"]
    assert made.callback.format is Format.CLOUDEVENTS
    assert (made.name, made.max_in_flight) == ("orders that fail", 8)


def test_what_was_subscribed_is_shown_as_it_was_given(subscribe, url):
    given = of_page()

    made = subscribe(**given)
    shown = requests.get(f"{url}/{made['id']}", timeout=10).json()

    secret = made["config"].pop("secret")
    assert secret.startswith("whsec_")
    assert shown == made
    assert {name: shown[name] for name in given} == given | {
        "protocolsettings": {
            "method": "POST",
            "timeout_seconds": 15,
            **given["protocolsettings"],
        }
    }


def test_a_subscription_to_everything_says_nothing_of_types(subscribe, kept):
    made = subscribe()

    assert made.keys() == {
        *("id", "config", "filters", "sink", "protocol", "protocolsettings")
    }
    assert kept(made).events == ("EXECUTION", "TASK")


def test_a_listener_is_a_subscription(add, url):
    added = add(
        events=["on-task-error", "TASK_SKIPPED"], workbook="orders*", when="$.task = 1"
    )

    (shown,) = requests.get(url, timeout=10).json()

    assert shown["id"] == added["id"]
    assert shown["types"] == ["task.failed", "task.skipped"]
    assert shown["config"] == {"workbook": "orders*", "when": "$.task = 1"}


def test_a_listener_is_the_same_after_its_subscription_was_put_back(add, url, kept):
    added = add(
        events=["task.*"],
        filters=[{"exact": {"source": "/e"}}, {"sql": "EXISTS workbook"}],
        retry={"delays_seconds": [1], "jitter": 0.1},
        callback={
            "url": HOOK,
            "headers": {"X-Api-Key": "k"},
            "auth": {"type": "basic", "username": "u", "password": "p"},
            "mode": "call",
            "on_timeout": "refuse",
        },
        enabled=False,
    )
    before = kept(added)
    shown = requests.get(f"{url}/{added['id']}", timeout=10).json()

    answer = requests.put(f"{url}/{added['id']}", json=shown, timeout=10)

    after = kept(added)
    assert answer.json() == shown
    assert (after.callback, after.filters, after.retry, after.secret) == (
        before.callback,
        before.filters,
        before.retry,
        before.secret,
    )


def test_how_to_sign_in_is_taken_and_never_shown(subscribe, kept):
    credential = {"credentialtype": "PLAIN", "identifier": "ops", "secret": "s3cret"}

    made = subscribe(sinkcredential=credential)

    assert made["sinkcredential"] == {"credentialtype": "PLAIN", "identifier": "ops"}
    assert kept(made).callback.auth == BasicAuth("ops", "s3cret")


def test_what_was_subscribed_ends_when_it_is_deleted(subscribe, url):
    made = subscribe()
    del made["config"]["secret"]

    answer = requests.delete(f"{url}/{made['id']}", timeout=10)

    assert (answer.status_code, answer.json()) == (200, made)
    assert requests.get(f"{url}/{made['id']}", timeout=10).status_code == 404


def test_a_long_list_has_a_link_to_the_rest(subscribe, url):
    made = [subscribe()["id"] for _ in range(3)]

    first = requests.get(url, params={"limit": 2}, timeout=10)
    path = re.fullmatch(r'</subscriptions(.*)>; rel="next"', first.headers["Link"])[1]
    rest = requests.get(f"{url}{path}", timeout=10)

    assert [one["id"] for one in first.json() + rest.json()] == made
    assert "Link" not in rest.headers


def test_a_listener_on_an_exchange_is_no_subscription(add, url):
    other = add(callback={"type": "amqp", "exchange": "audit"})

    assert requests.get(url, timeout=10).json() == []
    assert requests.get(f"{url}/{other['id']}", timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("members", "field", "reason"),
    [
        ({"protocol": "MQTT5"}, "protocol", "must be 'HTTP'"),
        ({"sink": "mqtt://h/"}, "sink", "http:// or https://"),
        ({"types": ["task.fialed", "tusk"]}, "types[1]", "is not a known event"),
        ({"types": []}, "types", "at least 1 item"),
        ({"filters": [{"sql": "type ="}]}, "filters[0].sql", "at character 7"),
        (
            {"source": "/e", "filters": [{"sql": "TRUE"}, {"jsonata": "x"}]},
            "filters[1].jsonata",
            "is no dialect",
        ),
        ({"source": ""}, "source", "must be a text of 1"),
        ({"config": {"interval": 5}}, "config.interval", "is none of project, name"),
        ({"config": {"events": ["TASK"]}, "types": ["x.y"]}, "config.events", "types"),
        ({"config": {"when": "$.("}}, "config.when", ""),
        ({"config": {"max_in_flight": "8"}}, "config.max_in_flight", "valid integer"),
        ({"config": {"max_in_flight": 0}}, "config.max_in_flight", "equal to 1"),
        (
            {"protocolsettings": {"method": "GET"}},
            "protocolsettings.method",
            "POST, PUT, PATCH",
        ),
        (
            {"sinkcredential": {"credentialtype": "ACCESSTOKEN"}},
            "sinkcredential.accesstoken",
            "has no value that could stay",
        ),
        ({"dialect": "sql"}, "dialect", "unknown field"),
    ],
)
def test_what_is_wrong_is_named_in_the_words_of_the_subscription(
    url, members, field, reason
):
    answer = requests.post(url, json=LEAST | members, timeout=10)

    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert reason in error["reason"]
    assert requests.get(url, timeout=10).json() == []
