# SPDX-License-Identifier: Apache-2.0
"""``/v1/explanations`` of the real API."""

from dataclasses import replace
from datetime import timedelta
from operator import itemgetter

import pytest
import requests

from bridge.client import BridgeClient
from bridge.store.journal import Entry
from tests.stored import a_delivery, a_listener, an_envelope


@pytest.fixture
def ask(api):
    """Ask why; return the answer."""

    def ask(**wanted):
        return requests.get(f"{api.url}/v1/explanations", params=wanted, timeout=10)

    return ask


@pytest.fixture
def keep(api):
    """Keep listeners, and an event that came in when all of them were there."""

    def keep(*changes, told=()):
        listeners = [replace(a_listener(), **one) for one in changes]
        for one in listeners:
            api.parts.listener_store.add(one)
        envelope = an_envelope("1")
        entry = Entry(
            (envelope, listeners[0].created_at + timedelta(seconds=1)),
            [a_delivery(envelope, listeners[index]) for index in told],
        )
        api.journal.write([entry])
        return listeners

    return keep


def failing(explanation):
    return [one["name"] for one in explanation["criteria"] if not one["holds"]]


def test_every_listener_of_the_project_is_told_of(ask, keep):
    listeners = keep(
        {"name": "all", "events": ("*",)},
        {"name": "none", "events": ("on-execution-error",)},
        {"name": "strange", "project": "acme"},
        told=[0],
    )

    answer = ask(event="1")

    found = answer.json()["explanations"]
    assert {one["listener_name"] for one in found} == {"all", "none"}
    heard, deaf = sorted(found, key=itemgetter("listener_name"))
    assert heard["matches"]
    assert heard["delivery"]["listener_id"] == listeners[0].id
    assert (deaf["matches"], deaf["delivery"]) == (False, None)
    assert failing(deaf) == ["events"]


def test_a_condition_is_put_to_the_event(ask, keep):
    keep(
        {"name": "no", "events": ("*",), "when": "$.task.name = 'nobody'"},
        {"name": "yes", "events": ("*",), "when": "$.execution.id != null"},
        {"name": "absent", "events": ("*",), "when": "$.payload.total > 1"},
    )

    found = ask(event="1").json()["explanations"]

    assert {one["listener_name"]: failing(one) for one in found} == {
        "no": ["when"],
        "yes": [],
        "absent": ["when"],
    }


def test_one_listener_of_any_project_can_be_asked_about(api, keep):
    (listener,) = keep({"project": "acme", "events": ("*",)})

    with BridgeClient(api.url) as client:
        (found,) = client.explanations.find("1", listener=listener.id)

    assert failing(found) == ["project"]


def test_pages_follow_each_other(ask, keep):
    keep({}, {}, {})

    first = ask(event="1", limit=2).json()
    second = ask(event="1", limit=2, after=first["next"]).json()

    assert (len(first["explanations"]), len(second["explanations"])) == (2, 1)
    assert second["next"] is None


def test_what_is_not_there_is_said(ask):
    answer = ask(event="nobody")

    assert answer.status_code == 404
    assert "nobody" in answer.json()["detail"]
