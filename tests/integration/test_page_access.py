# SPDX-License-Identifier: Apache-2.0
"""Who is let in to the page, and what they see there."""

import pytest
import requests

from bridge.model import Role
from tests.browsing import FORM, PATHS, Browser, keep_in
from tests.served import ServedApi
from tests.stored import a_listener, an_envelope

LISTENER_FORMS = ("edit", "pause", "resume", "test", "secret", "remove")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    path = tmp_path_factory.mktemp("guarded") / "bridge.sqlite3"
    with ServedApi(f"sqlite:///{path}", signs_in=True) as served:
        yield served


@pytest.fixture
def signed_in(guarded):
    """Sign in with a new token; return the browser, and the token's id."""

    def sign_in(role=Role.READER, project=None):
        issued = guarded.parts.issuer.issue(project, role)
        browser = Browser(guarded.url)
        answer = browser.post("/sign-in", of="/sign-in", token=issued.text)
        assert answer.headers["location"] == "/"
        return browser, issued.token

    return sign_in


def test_nobody_sees_anything_before_they_sign_in(guarded):
    browser = Browser(guarded.url)

    for path in ("/", "/listeners", "/events/1", "/stream/changes"):
        answer = browser.get(path, allow_redirects=False)

        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    wrong = browser.post("/sign-in", of="/sign-in", token="wnb_wrong")
    assert wrong.status_code == 401
    assert "wrong, revoked or expired" in wrong.text


def test_a_reader_sees_and_changes_nothing(signed_in, guarded):
    browser, _ = signed_in(Role.READER)

    assert "Add a listener" not in browser.get("/listeners").text
    assert browser.post("/listeners/new", **FORM).status_code == 403
    assert guarded.parts.listener_store.find(limit=1, name=FORM["name"]) == []


def test_a_project_sees_its_own_alone(signed_in, guarded):
    strange = a_listener(project="strange", name="theirs")
    guarded.parts.listener_store.add(strange)
    browser, _ = signed_in(Role.MEMBER, "acme")

    seen = browser.get("/").text + browser.get("/listeners").text

    assert "theirs" not in seen
    assert "events a second" not in seen
    assert browser.get(f"/listeners/{strange.id}").status_code == 404
    assert browser.get("/quarantine").status_code == 403
    assert browser.post("/listeners/new", **FORM, project="strange").status_code == 403


def test_no_page_shows_or_changes_what_is_of_another_project(signed_in, guarded):
    whose = {"project": "globex", "workbook": "rosebud"}
    envelope = an_envelope("of-globex", execution="of-globex", **whose)
    listener, delivery = keep_in(guarded, envelope, name="rosebud", **whose)
    ids = {"listener": listener.id, "delivery": delivery.id}
    paths = [one.format(**ids) for one in PATHS if one != "/quarantine"]
    paths += ["/events/of-globex", "/executions/of-globex"]
    paths += [f"/explain?event=of-globex&listener={listener.id}"]
    everybody, _ = signed_in(Role.MEMBER)
    stranger, _ = signed_in(Role.MEMBER, "acme")

    shown = [path for path in paths if "rosebud" in everybody.get(path).text]
    leaked = [path for path in paths if "rosebud" in stranger.get(path).text]
    forms = [f"/listeners/{listener.id}/{one}" for one in LISTENER_FORMS]
    forms += [f"/deliveries/{delivery.id}/retry"]
    answers = {path: stranger.post(path, **FORM).status_code for path in forms}
    chosen = stranger.post("/dead", id=delivery.id)

    assert len(shown) > 10
    assert leaked == []
    assert answers == dict.fromkeys(forms, 404)
    assert chosen.headers["location"] == "/dead?retried=0&left=1"
    assert guarded.parts.listener_store.get(None, listener.id) == listener
    assert guarded.parts.delivery_store.get(None, delivery.id)[0] == delivery


def test_a_session_is_no_token_and_ends_with_it(signed_in, guarded):
    browser, token = signed_in(Role.ADMIN)
    (cookie,) = browser.session.cookies

    assert "wnb_" not in cookie.value
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite").lower() == "strict"
    api = requests.get(
        f"{guarded.url}/v1/listeners", cookies={cookie.name: cookie.value}, timeout=10
    )
    assert api.status_code == 401

    guarded.parts.token_store.revoke(None, token.id)
    assert browser.get("/", allow_redirects=False).status_code == 303


def test_who_signs_out_is_out(signed_in):
    browser, _ = signed_in(Role.READER)

    browser.post("/sign-out", of="/listeners")

    assert browser.get("/", allow_redirects=False).status_code == 303
