# SPDX-License-Identifier: Apache-2.0
"""What is secret in a listener's form: taken, and not shown again."""

import pytest

from tests.browsing import FORM, Browser


@pytest.fixture
def browser(api):
    return Browser(api.url)


SECRETS = {
    "callback.headers": "X-Team: ops\r\nX-Api-Key: s3cret\r\nCookie s3cret\r\nToken: ***",
    "callback.auth.token": "s3cret",
    "callback.auth.password": "s3cret",
    "callback.auth.value": "s3cret",
    "callback.auth.key": "s3cret",
}


@pytest.mark.parametrize("path", ["/listeners/new", "/listeners/check"])
def test_a_secret_in_a_form_is_not_shown_again_but_asked_for(browser, path):
    """Also where it is refused: a page may be left open, or saved."""
    wrong = FORM | SECRETS | {"callback.auth.type": "header", "max_in_flight": "many"}

    shown = browser.post(path, **wrong).text

    assert "s3cret" not in shown
    assert "\nX-Team: ops\nX-Api-Key\nCookie\nToken: ***</textarea>" in shown
    headers = {"callback.headers": "X-Team: ops\r\nX-Api-Key"}
    asked = browser.post("/listeners/new", **(FORM | headers))
    assert asked.status_code == 422
    assert "are one a line: Name: value" in asked.text


@pytest.mark.parametrize(
    ("kind", "secret"),
    [("bearer", "token"), ("basic", "password"), ("header", "value")],
)
def test_a_form_without_the_secret_of_its_sign_in_is_refused(browser, kind, secret):
    """So what was not shown again cannot be forgotten unsaid."""
    given = {"type": kind, "username": "u", "name": "X-Y", secret: ""}
    fields = {f"callback.auth.{name}": value for name, value in given.items()}

    answer = browser.post("/listeners/new", **(FORM | fields))

    assert answer.status_code == 422
    assert f'href="#callback.auth.{secret}"' in answer.text
