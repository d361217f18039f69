# SPDX-License-Identifier: Apache-2.0
"""Tokens by the real API: made, shown once, revoked; and what they let pass."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from bridge.api.strangers import MAX_WRONG
from bridge.client import BridgeClient, ClientError
from bridge.model import Role
from tests.served import ServedApi
from tests.stored import an_envelope

HOOK = {"url": "http://127.0.0.1:9/hook"}
WRONG = "wnb_" + "A" * 43
REVOKED_SECONDS = 5


@pytest.fixture
def signed(database_url):
    with ServedApi(
        database_url, signs_in=True, most_listeners=3, events_per_second=5
    ) as served:
        yield served


@pytest.fixture
def client(signed):
    """Returns a client with a new token of its own."""
    opened = []

    def client(project="acme", role=Role.ADMIN, life=timedelta(days=1)):
        issued = signed.parts.issuer.issue(project, role, life=life)
        opened.append(BridgeClient(signed.url, token=issued.text))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


def event(**data):
    return {"type": "execution.started", "data": {"execution": {"id": "e1"}, **data}}


def refused(ask, *args, **members):
    with pytest.raises(ClientError) as refused:
        ask(*args, **members)
    return refused.value


def test_a_token_is_shown_once_and_kept_by_its_digest_only(signed, client):
    admin = client()
    made = admin.tokens.add({"role": "member", "name": "engine"})

    with BridgeClient(signed.url, token=made["token"]) as member:
        assert member.access() == {
            "project": "acme",
            "role": "member",
            "token_id": made["id"],
        }
    (_, shown) = admin.tokens.find()
    assert shown == {name: made[name] for name in made if name != "token"}
    with signed.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM tokens").all()
    assert made["token"] not in repr(rows)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "role"),
        ({"role": "operator"}, "role"),
        ({"role": "reader", "expires_in_days": 0}, "expires_in_days"),
        ({"role": "reader", "expires_in_days": 4000}, "expires_in_days"),
        ({"role": "reader", "project": None, "all_projects": True}, "all_projects"),
        ({"role": "reader", "name": "a\nb"}, "name"),
    ],
)
def test_what_is_no_token_is_refused_by_its_field(client, body, field):
    assert list(refused(client().tokens.add, body).errors) == [field]


def test_an_admin_of_one_project_makes_no_token_for_another(client):
    err = refused(client().tokens.add, {"role": "reader", "project": "other"})

    assert (err.status, err.detail) == (
        403,
        "project: must be acme, the token's own, or left out",
    )


def test_a_revoked_token_ends_within_five_seconds_and_its_streams_too(client):
    admin, watcher = client(), client(role=Role.READER)
    (token_id,) = [one["id"] for one in admin.tokens.find() if one["role"] == "reader"]
    ended = threading.Event()
    stream = watcher.watch()

    def read():
        assert list(stream) == []
        ended.set()

    reading = threading.Thread(target=read)
    reading.start()

    admin.tokens.revoke(token_id)

    assert ended.wait(REVOKED_SECONDS)
    reading.join()
    assert refused(watcher.access).status == 401
    assert refused(admin.tokens.revoke, token_id).status == 404


def test_a_token_expires(client):
    assert refused(client(life=timedelta(microseconds=1)).access).status == 401


def test_an_event_that_names_no_project_is_the_tokens(signed, client):
    client().publish([event() | {"id": "1"}])

    kept = signed.parts.event_store.get(None, "1")
    assert kept.envelope.event.project == "acme"
    assert json.loads(kept.envelope.body)["data"]["project"] == "acme"
    assert kept.envelope.routing_key == "execution.started.acme.-.-"


@pytest.mark.parametrize("project", ["other", "default"])
def test_an_event_of_another_project_is_refused_with_all_beside_it(
    signed, client, project
):
    err = refused(client().publish, [event(), event(project=project)])

    assert err.status == 403
    assert list(err.errors) == ["data.project"]
    assert signed.parts.event_store.last_position() == 0


def test_a_stream_shows_the_own_projects_events_only(signed, client):
    own, of_all = client(role=Role.READER), client(None, Role.READER)
    seen, seen_of_all = own.watch(), of_all.watch()

    signed.offer(
        an_envelope("1", project="other"),
        an_envelope("2"),
        an_envelope("3", project="acme"),
    )

    assert next(seen)["id"] == "3"
    assert [next(seen_of_all)["id"] for _ in range(3)] == ["1", "2", "3"]
    seen.close()
    seen_of_all.close()


def test_many_wrong_tokens_are_told_to_wait_and_good_ones_go_in(signed, client):
    def ask(token):
        headers = {"X-Auth-Token": token}
        return requests.get(f"{signed.url}/v1/access", headers=headers, timeout=10)

    statuses = [ask(WRONG).status_code for _ in range(MAX_WRONG + 5)]

    assert statuses == [401] * MAX_WRONG + [429] * 5
    assert 1 <= int(ask("no token").headers["Retry-After"]) <= 60
    assert client().access()["project"] == "acme"


def test_mistrals_old_client_is_told_in_its_words(signed):
    answer = requests.get(f"{signed.url}/v1/workbooks/orders/listeners", timeout=10)

    assert answer.status_code == 401
    assert "must show a token" in answer.json()["faultstring"]


def test_a_project_has_as_many_listeners_as_it_may(client):
    acme, other = client(), client("other")
    body = {"events": ["TASK"], "callback": HOOK}

    def add(number):
        try:
            return acme.listeners.add(body | {"name": f"n{number}"})["project"]
        except ClientError as err:
            return err.status

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(add, range(20)))

    assert sorted(found, key=str) == [429] * 17 + ["acme"] * 3
    assert other.listeners.add(body)["project"] == "other"
    (first, *_) = acme.listeners.find()
    acme.listeners.remove(first["id"])
    assert add(20) == "acme"


def test_a_project_that_publishes_too_much_is_told_when_to_go_on(signed, client):
    acme = client()
    acme.publish([event() for _ in range(50)])

    answer = requests.post(
        f"{signed.url}/v1/events",
        json=event(),
        auth=acme._link._session.auth,
        timeout=10,
    )

    assert answer.status_code == 429
    assert 8 <= int(answer.headers["Retry-After"]) <= 10
    assert client("other").publish([event()])
