# SPDX-License-Identifier: Apache-2.0
"""``/v1/deliveries`` of the real API."""

import pytest
import requests

from bridge.model import OutcomeKind, State
from bridge.store.journal import Entry
from tests.stored import MINUTE, NOW, a_delivery, a_listener, an_attempt, an_envelope

AT = "2026-11-24T02:10:00.123456Z"


@pytest.fixture
def url(api):
    return f"{api.url}/v1/deliveries"


@pytest.fixture
def listener(api):
    listener = a_listener()
    api.parts.listener_store.add(listener)
    return listener


@pytest.fixture
def keep(api, listener):
    """Keep a delivery of one event with its attempts, changed as told."""

    def keep(event_id="1", *, outcomes=(), to=listener, **members):
        envelope = an_envelope(event_id)
        delivery = a_delivery(envelope, to, attempts=len(outcomes), **members)
        attempts = [an_attempt(delivery, n, **one) for n, one in enumerate(outcomes, 1)]
        api.journal.write([Entry((envelope, NOW), (delivery,), attempts)])
        return delivery

    return keep


def ids(answer):
    return [one["id"] for one in answer.json()["deliveries"]]


def test_a_delivery_is_shown_with_its_attempts(url, keep, listener):
    slow = {
        "kind": OutcomeKind.TIMED_OUT,
        "status": None,
        "error": "no answer within 15 s",
        "answer": b"",
    }
    delivery = keep(outcomes=[slow, {}], state=State.DEAD, due_at=None, reason="tried")

    answer = requests.get(f"{url}/{delivery.id}", timeout=10)

    assert answer.status_code == 200
    assert answer.json() == {
        "id": delivery.id,
        "project": "default",
        "listener_id": listener.id,
        "event_id": "1",
        "event_source": "/notifier",
        "event_type": "task.failed",
        "execution_id": "e1",
        "state": "dead",
        "reason": "tried",
        "batch_id": None,
        "attempt_count": 2,
        "due_at": None,
        "created_at": AT,
        "updated_at": AT,
        "attempts": [
            {
                "number": 1,
                "started_at": AT,
                "outcome": "timed_out",
                "status": None,
                "duration_ms": 12.5,
                "error": "no answer within 15 s",
                "answer": "",
            },
            {
                "number": 2,
                "started_at": AT,
                "outcome": "refused",
                "status": 503,
                "duration_ms": 12.5,
                "error": "answered 503",
                "answer": "later \N{REPLACEMENT CHARACTER}",
            },
        ],
    }


def test_a_list_shows_no_attempts(url, keep):
    delivery = keep(outcomes=[{}])

    (shown,) = requests.get(url, timeout=10).json()["deliveries"]

    assert (shown["id"], shown["attempt_count"]) == (delivery.id, 1)
    assert shown["due_at"] == AT
    assert "attempts" not in shown


def test_pages_follow_each_other_the_latest_first(url, keep):
    kept = [keep(str(n), created_at=NOW + n // 2 * MINUTE) for n in range(7)]
    latest_first = sorted(kept, key=lambda one: (one.created_at, one.id), reverse=True)

    found, after = [], None
    while True:
        page = requests.get(url, params={"limit": 3, "after": after}, timeout=10)
        found += ids(page)
        after = page.json()["next"]
        if after is None:
            break

    assert found == [one.id for one in latest_first]


def test_deliveries_are_found_by_what_they_are(url, keep, api):
    other = a_listener(project="acme")
    api.parts.listener_store.add(other)
    wanted = keep("1", to=other, state=State.DEAD, execution_id="e2", project="acme")
    keep("2")

    for name, value in (
        ("listener", other.id),
        ("event", "1"),
        ("execution", "e2"),
        ("state", "dead"),
        ("project", "acme"),
    ):
        assert ids(requests.get(url, params={name: value}, timeout=10)) == [wanted.id]
        both = {name: value, "listener": other.id, "event": "2"}
        assert ids(requests.get(url, params=both, timeout=10)) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=lost", "state"),
        ("limit=x", "limit"),
        ("after=zzz", "after"),
        ("after=MjAyNi0xMS0yNA", "after"),
        ("after=%FF", "after"),
        ("listner=x", "listner"),
    ],
)
def test_a_wrong_filter_is_named(url, query, field):
    answer = requests.get(f"{url}?{query}", timeout=10)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_retry_makes_it_due_now(url, keep, api):
    delivery = keep(state=State.DEAD, due_at=None, reason="tried")

    answer = requests.post(f"{url}/{delivery.id}/retry", timeout=10)

    assert answer.status_code == 202
    shown = answer.json()
    assert (shown["state"], shown["reason"]) == ("pending", None)
    kept, _ = api.parts.delivery_store.get(None, delivery.id)
    assert kept.state is State.PENDING
    assert api.journal.due(kept.due_at) == {delivery.listener_id: 1}
    assert api.woken.is_set()


def test_a_retry_for_a_removed_listener_is_a_conflict(url, keep, api, listener):
    delivery = keep()
    api.parts.registrar.remove(listener)

    answer = requests.post(f"{url}/{delivery.id}/retry", timeout=10)

    assert answer.status_code == 409
    assert answer.json()["detail"] == "its listener was removed"


def test_there_is_no_retry_of_what_is_not_there(url):
    answer = requests.post(f"{url}/dlv_x/retry", timeout=10)

    assert answer.status_code == 404
    assert answer.json()["detail"] == "no delivery dlv_x"
