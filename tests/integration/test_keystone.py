# SPDX-License-Identifier: Apache-2.0
"""People sign in by Keystone, through the middleware that OpenStack's services use."""

import pytest
import requests

from bridge.api.keystone import FRESH_SECONDS
from bridge.api.strangers import MAX_WRONG
from bridge.errors import SettingsError
from bridge.service.keystone import keystone_sign_in
from bridge.settings import load
from tests.bridges import BridgeProcess
from tests.keystones import SERVICE, Keystone
from tests.pages import Page

PAGE = Page("docs/how-to/projects-and-tokens.md")
HOOK = {"url": "http://9.9.9.9/hook"}
LISTENER = {"events": ["TASK"], "callback": HOOK}
SECONDS = 10
OUT = {401, 429}  # the latter where others have tried many


@pytest.fixture(scope="module")
def keystone():
    with Keystone() as keystone:
        yield keystone


@pytest.fixture(scope="module")
def bridge(tmp_path_factory, keystone):
    home = tmp_path_factory.mktemp("home")
    file = home / "bridge.conf"
    block = PAGE.blocks("ini")[-1].text.replace("…", SERVICE["password"])
    file.write_text(block.replace("https://keystone.example:5000", keystone.url))
    with BridgeProcess(home, NOTIFIER_BRIDGE_CONF=str(file)) as bridge:
        yield bridge


@pytest.fixture
def ask(bridge):
    def ask(method, path, token=None, by="X-Auth-Token", **members):
        headers = {} if token is None else {by: token}
        url = bridge.url + path
        return requests.request(
            method, url, headers=headers, timeout=SECONDS, **members
        )

    return ask


def test_a_token_of_keystone_lets_in_to_its_project_alone(ask, keystone):
    keystone.give("of-acme", "member", project="a" * 32)
    keystone.give("of-globex", "member", project="b" * 32)

    added = ask("POST", "/v1/listeners", "of-acme", json=LISTENER)
    same = ask("GET", "/v1/listeners", "Bearer of-acme", by="Authorization").json()[
        "listeners"
    ]

    assert added.status_code == 201
    assert added.json()["project"] == "a" * 32
    assert [one["id"] for one in same] == [added.json()["id"]]
    path = f"/v1/listeners/{added.json()['id']}"
    assert ask("GET", path, "of-globex").status_code == 404


@pytest.mark.parametrize(
    ("roles", "may_read", "may_write"),
    [
        (["reader"], True, False),
        (["member"], True, True),
        (["_member_"], True, True),
        (["reader", "Admin"], True, True),
        (["cook"], False, False),
        ([], False, False),
    ],
    ids=lambda value: "-".join(value) or "none" if isinstance(value, list) else None,
)
def test_roles_let_do_what_they_say(ask, keystone, roles, may_read, may_write):
    text = f"token-{'-'.join(roles)}"
    keystone.give(text, *roles, project="c" * 32)

    read = ask("GET", "/v1/listeners", text).status_code
    write = ask("POST", "/v1/listeners", text, json=LISTENER).status_code

    assert read == (200 if may_read else 403)
    assert write == (201 if may_write else 403)


def test_who_is_admin_of_the_whole_cloud_sees_every_project(ask, keystone):
    keystone.give("of-one", "admin", project="d" * 32)
    keystone.give("of-all", "admin", system=True)

    assert ask("GET", "/metrics", "of-one").status_code == 403
    assert ask("GET", "/metrics", "of-all").status_code == 200


def test_a_token_without_a_project_is_told_to_get_one(ask, keystone):
    keystone.give("of-nothing", "admin")

    answer = ask("GET", "/v1/listeners", "of-nothing")

    assert answer.status_code == 403
    assert "scoped to no project" in answer.json()["detail"]


def test_who_shows_none_or_a_wrong_one_is_told_where_to_ask(ask, keystone):
    none, wrong = ask("GET", "/v1/listeners"), ask("GET", "/v1/listeners", "wrong")

    assert none.status_code == 401
    assert none.headers["WWW-Authenticate"] == f'Keystone uri="{keystone.url}"'
    assert wrong.status_code in OUT
    assert ask("GET", "/healthz").status_code == 200


def test_what_others_claim_in_headers_is_not_believed(bridge, keystone):
    keystone.give("of-reader", "reader", project="e" * 32)
    claimed = {
        "X-Auth-Token": "of-reader",
        "X-Identity-Status": "Confirmed",
        "X-Project-Id": "a" * 32,
        "X-Roles": "admin",
    }
    url = f"{bridge.url}/v1/access"

    answer = requests.get(url, headers=claimed, timeout=SECONDS)
    del claimed["X-Auth-Token"]
    without = requests.get(url, headers=claimed, timeout=SECONDS)

    assert (answer.json()["project"], answer.json()["role"]) == ("e" * 32, "reader")
    assert without.status_code == 401


def test_a_revoked_token_ends_within_five_seconds_and_is_asked_for_seldom(
    bridge, ask, keystone
):
    keystone.give("of-a-while", "reader", project="f" * 32)
    before = keystone.asked
    for _ in range(5):
        assert ask("GET", "/v1/access", "of-a-while").status_code == 200
    assert keystone.asked < before + 5

    del keystone.tokens["of-a-while"]

    bridge.wait_until(
        lambda: ask("GET", "/v1/access", "of-a-while").status_code in OUT, seconds=5
    )
    assert FRESH_SECONDS < 5


def test_while_keystone_is_away_nobody_is_let_in_and_asked_to_come_again(ask, keystone):
    keystone.give("of-later", "reader", project="f" * 32)
    keystone.is_away = True
    try:
        answer = ask("GET", "/v1/access", "of-later")
    finally:
        keystone.is_away = False

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert ask("GET", "/v1/access", "of-later").status_code == 200


def test_who_tries_many_is_told_to_wait_and_good_ones_go_in(ask, keystone):
    keystone.give("of-the-patient", "reader", project="f" * 32)
    statuses = {
        ask("GET", "/v1/access", f"guess-{number}").status_code
        for number in range(MAX_WRONG + 1)
    }

    assert statuses <= OUT
    assert 429 in statuses
    assert ask("GET", "/v1/access", "of-the-patient").status_code == 200


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("", "auth_type = password"),
        ("[keystone_authtoken]\nservice_token_roles_required = maybe\n", "maybe"),
    ],
    ids=["nothing", "a wrong value"],
)
def test_a_section_that_is_not_right_is_said_at_the_start(tmp_path, section, said):
    file = tmp_path / "bridge.conf"
    file.write_text(f"[api]\nauth = keystone\n{section}")

    with pytest.raises(SettingsError, match=said):
        keystone_sign_in(load(file).api.keystone_file)


def test_the_page_says_why_keystone_lets_nobody_in(bridge, keystone):
    keystone.give("of-page", "reader", project="f" * 32)
    keystone.give("of-no-project", "reader")
    browser = requests.Session()

    def sign_in(token):
        return browser.post(
            f"{bridge.url}/sign-in", data={"token": token}, timeout=SECONDS
        )

    unscoped, scoped = sign_in("of-no-project"), sign_in("of-page")
    keystone.is_away = True
    try:
        bridge.wait_until(
            lambda: browser.get(bridge.url, timeout=SECONDS).status_code != 200
        )
        stays, anew = browser.get(bridge.url, timeout=SECONDS), sign_in("of-others")
    finally:
        keystone.is_away = False

    assert (unscoped.status_code, scoped.status_code) == (403, 200)
    assert "scoped to no project" in unscoped.text
    for answer in (stays, anew):
        assert answer.status_code == 503
        assert "Keystone does not say" in answer.text
