# SPDX-License-Identifier: Apache-2.0
"""A callback's sign-in by the real API: written, never read, bound to its host."""

import sqlite3

import pytest
import requests
from sqlalchemy import update

from bridge.model import BasicAuth, BearerAuth, CertificateAuth, HeaderAuth
from bridge.store.tables import listeners
from bridge.store.vault import Vault
from tests.integration.certificates import Authority
from tests.served import KEY

HOOK = "http://127.0.0.1:9/hook"
ELSEWHERE = "give it again: the URL leads elsewhere"
BEARER = {"type": "bearer", "token": "t0ps3cret"}
BASIC = {"type": "basic", "username": "ops", "password": "t0ps3cret"}
HEADER = {"type": "header", "name": "X-Api-Key", "value": "t0ps3cret"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    pair = Authority(tmp_path_factory.mktemp("pki")).pair("bridge.example")
    return {"type": "certificate", "certificate": pair[0], "key": pair[1]}


@pytest.fixture
def url(api):
    return f"{api.url}/v1/listeners"


@pytest.fixture
def change(url):
    """Change a listener in part; return the answer."""

    def change(listener, **callback):
        where = f"{url}/{listener['id']}"
        return requests.patch(where, json={"callback": callback}, timeout=10)

    return change


def with_auth(auth, hook=HOOK, **members):
    return {"url": hook, "auth": auth, **members}


KINDS = {
    "bearer": (BEARER, {"type": "bearer", "token": "***"}, BearerAuth("t0ps3cret")),
    "basic": (BASIC, BASIC | {"password": "***"}, BasicAuth("ops", "t0ps3cret")),
    "header": (
        HEADER,
        HEADER | {"value": "***"},
        HeaderAuth("X-Api-Key", "t0ps3cret"),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_secret_is_kept_but_never_shown(add, url, kept, kind):
    auth, shown, value = KINDS[kind]
    added = add(callback=with_auth(auth))

    assert added["callback"]["auth"] == shown
    assert kept(added).callback.auth == value
    for where in (url, f"{url}/{added['id']}"):
        assert "t0ps3cret" not in requests.get(where, timeout=10).text


def test_of_a_certificate_the_key_alone_is_secret(add, kept, certificate):
    added = add(callback=with_auth(certificate, "https://127.0.0.1:9/hook"))

    assert added["callback"]["auth"] == certificate | {"key": "***"}
    assert kept(added).callback.auth == CertificateAuth(
        certificate["certificate"], certificate["key"]
    )


def test_nothing_secret_stands_in_the_database(add, api):
    add(callback=with_auth(BASIC))

    with sqlite3.connect(api.database.file) as file:
        dump = "\n".join(file.iterdump())
    file.close()
    assert '"type": "http"' in dump
    assert "t0ps3cret" not in dump
    assert "ops" not in dump


def test_a_listener_of_before_there_were_sign_ins_has_none(add, api, kept):
    added = add(callback=with_auth(BEARER))
    old = Vault(KEY).seal({"secret": added["secret"], "headers": {}, "options": {}})

    with api.database.write() as connection:
        connection.execute(update(listeners).values(sealed=old))

    assert kept(added).callback.auth is None


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("auth", [BEARER, BASIC, HEADER], ids=lambda one: one["type"])
def test_a_mask_that_is_sent_back_keeps_the_secret(add, url, kept, method, auth):
    shown = add(callback=with_auth(auth))
    del shown["secret"]
    before = kept(shown).callback.auth
    shown["callback"]["url"] = HOOK + "?other=path"

    answer = requests.request(method, f"{url}/{shown['id']}", json=shown, timeout=10)

    assert answer.status_code == 200, answer.text
    assert kept(shown).callback.auth == before


def test_a_part_may_be_changed_alone(add, change, kept):
    added = add(callback=with_auth(BASIC))

    assert change(added, auth={"username": "dev"}).status_code == 200

    assert kept(added).callback.auth == BasicAuth("dev", "t0ps3cret")


def test_a_sign_in_of_another_type_takes_its_place(add, change, kept):
    added = add(callback=with_auth(BASIC))

    assert change(added, auth=BEARER).status_code == 200

    assert kept(added).callback.auth == BearerAuth("t0ps3cret")


def test_a_mask_keeps_nothing_of_another_type(add, change):
    added = add(callback=with_auth(BASIC))

    answer = change(added, auth={"type": "bearer", "token": "***"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "callback.auth.token", "reason": "has no value that could stay"}
    ]


def test_a_sign_in_may_be_taken_away(add, change, kept):
    added = add(callback=with_auth(BEARER))

    assert change(added, auth=None).json()["callback"]["auth"] is None

    assert kept(added).callback.auth is None


SECRETIVE = {
    "a token": (with_auth(BEARER), "callback.auth.token"),
    "a password": (with_auth(BASIC), "callback.auth.password"),
    "an API key": (with_auth(HEADER), "callback.auth.value"),
    "a header": (
        {"url": HOOK, "headers": {"X-Token": "t0ps3cret"}},
        "callback.headers.X-Token",
    ),
}


ELSEWHERES = {
    "another scheme": "https://127.0.0.1:9/hook",
    "another port": "http://127.0.0.1:10/hook",
    "another host": "http://localhost:9/hook",
}


@pytest.mark.parametrize("name", SECRETIVE)
@pytest.mark.parametrize("there", ELSEWHERES)
def test_no_secret_follows_a_url_elsewhere(add, url, kept, there, name):
    callback, field = SECRETIVE[name]
    shown = add(callback=callback)
    before = kept(shown)
    del shown["secret"]
    shown["callback"]["url"] = ELSEWHERES[there]

    for method in ("PUT", "PATCH"):
        answer = requests.request(
            method, f"{url}/{shown['id']}", json=shown, timeout=10
        )
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"field": field, "reason": ELSEWHERE}]
    assert kept(shown) == before


@pytest.mark.parametrize("name", SECRETIVE)
def test_a_secret_that_is_given_again_goes_along(add, change, name):
    callback, _ = SECRETIVE[name]
    added = add(callback=callback)

    answer = change(added, **callback | {"url": "http://127.0.0.1:10/hook"})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("there", ["http://127.0.0.1:9/", "HTTP://127.0.0.1:9/hook"])
def test_a_secret_stays_with_its_origin(add, change, there):
    added = add(callback=with_auth(BEARER))

    assert change(added, url=there).status_code == 200


def test_the_default_port_is_the_same_origin(add, change):
    added = add(callback=with_auth(BEARER, "http://127.0.0.1/hook"))

    assert change(added, url="http://127.0.0.1:80/hook").status_code == 200


def test_what_everybody_may_read_follows_a_url_anywhere(add, change):
    added = add(callback={"url": HOOK, "headers": {"X-Team": "ops"}})

    answer = change(added, url="http://127.0.0.1:10/hook")

    assert answer.json()["callback"]["headers"] == {"X-Team": "ops"}


@pytest.mark.parametrize(
    ("auth", "field", "reason"),
    [
        ({}, "type", "must be one of bearer, basic, header, certificate"),
        ({"type": "digest"}, "type", "must be one of bearer"),
        ({"type": "bearer"}, "token", "is missing"),
        (BEARER | {"tokn": "x"}, "tokn", "did you mean callback.auth.token?"),
        (BASIC | {"username": 5}, "username", "valid string"),
        (BASIC | {"username": "o:ps"}, "username", "no colon"),
        (BEARER | {"token": "t0ps3cret\n"}, "token", "without spaces"),
        (HEADER | {"name": "Content-Type"}, "name", "set by the bridge itself"),
        ({"type": "certificate", "key": "x"}, "certificate", "is missing"),
    ],
)
def test_a_wrong_sign_in_is_refused_by_its_field(url, auth, field, reason):
    body = {"events": ["TASK"], "callback": with_auth(auth)}

    answer = requests.post(url, json=body, timeout=10)

    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["field"] == f"callback.auth.{field}"
    assert reason in error["reason"]
    assert "t0ps3cret" not in answer.text


def test_two_sign_ins_are_one_too_many(url):
    headers = {"Authorization": "Bearer other"}
    body = {"events": ["TASK"], "callback": with_auth(BEARER, headers=headers)}

    answer = requests.post(url, json=body, timeout=10)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "callback.headers.Authorization"


def test_a_callback_on_the_bus_signs_in_nowhere(url):
    callback = {"type": "amqp", "exchange": "x", "auth": BEARER}

    answer = requests.post(
        url, json={"events": ["TASK"], "callback": callback}, timeout=10
    )

    assert answer.json()["errors"] == [
        {
            "field": "callback.auth",
            "reason": "means nothing to a callback of type amqp",
        }
    ]
