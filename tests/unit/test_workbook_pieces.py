# SPDX-License-Identifier: Apache-2.0
"""Workbooks put together from a file and from pieces, and how they are shown."""

import pytest

from bridge.errors import Conflict, NotFound
from bridge.workbook import pieces
from bridge.workbook.document import (
    Action,
    Document,
    Entry,
    Hook,
    Origin,
    Place,
    Service,
)
from bridge.workbook.exporting import MARK, shown, shown_as_yaml, written
from bridge.workbook.reading import read
from bridge.workbook.yaml_text import parse
from tests.workbooks import ORDERS, calling, document

SHIP = Place(None, "ship", "on-exit")
CHARGE = Place(None, "charge", "on-exit")
BY_API = Action({"url": "/extra"}, Origin.API)
HOOK = Hook((Entry("Logger", "extra"),), Origin.API)
SERVICE = Service("http", {"baseUrl": "http://h"}, {}, Origin.API)


@pytest.fixture
def mixed():
    """A workbook of a file, and pieces made by the API beside it."""
    mixed = pieces.with_action(document(), "Logger", "extra", BY_API)
    mixed = pieces.with_service(mixed, "Mailer", SERVICE)
    return pieces.with_hook(mixed, SHIP, HOOK)


def test_pieces_made_by_the_api_stay_when_the_file_is_applied(mixed):
    assert pieces.with_file(mixed, document()) == mixed


def test_what_left_the_file_goes(mixed):
    file = read(calling("Logger:start"), {}).document

    found = pieces.with_file(mixed, file)

    assert set(found.services["Logger"].actions) == {"start", "success", "extra"}
    assert set(found.hooks) == {CHARGE, SHIP}
    assert found.listeners == ()


def test_a_service_that_left_the_file_stays_for_an_action_made_by_the_api(mixed):
    found = pieces.with_file(mixed, Document("orders"))

    assert found.services["Logger"].origin is Origin.API
    assert set(found.services["Logger"].actions) == {"extra"}
    assert set(found.hooks) == {SHIP}


def test_what_the_file_says_goes_before_what_the_api_said(mixed):
    changed = pieces.with_hook(mixed, CHARGE, HOOK)

    assert pieces.with_file(changed, document()).hooks[CHARGE].origin is Origin.FILE


def test_a_piece_is_taken_away(mixed):
    assert SHIP not in pieces.without_hook(mixed, SHIP).hooks
    assert "Mailer" not in pieces.without_service(mixed, "Mailer").services
    found = pieces.without_action(pieces.without_hook(mixed, SHIP), "Logger", "extra")
    assert found.services["Logger"] == document().services["Logger"]


def test_what_a_hook_calls_is_not_taken_away(mixed):
    with pytest.raises(Conflict, match="Logger:extra is called by tasks/ship/on-exit;"):
        pieces.without_action(mixed, "Logger", "extra")
    with pytest.raises(Conflict, match="Logger is called by workflow/on-exit, tasks/"):
        pieces.without_service(mixed, "Logger")


def test_what_is_not_there_is_told_so(mixed):
    for missing, take in (
        (
            "hook tasks/x/on-exit",
            lambda: pieces.without_hook(mixed, Place(None, "x", "on-exit")),
        ),
        ("service X", lambda: pieces.without_service(mixed, "X")),
        ("service X", lambda: pieces.without_action(mixed, "X", "y")),
        ("action Logger:y", lambda: pieces.without_action(mixed, "Logger", "y")),
        ("service X", lambda: pieces.with_action(mixed, "X", "y", BY_API)),
    ):
        with pytest.raises(NotFound, match=f"^no {missing}$"):
            take()


def test_what_is_written_down_is_read_again(mixed):
    keys = [key for key, _ in mixed.made_by_api()]

    assert read(written(mixed), {}).document.marked(keys) == mixed


def test_entries_with_members_and_workflows_are_written_down():
    entry = {"Logger:start": {"when": "$.x", "timeout_seconds": 5}}
    value = calling([entry, {"Logger:success": {"timeout_seconds": 6}}])
    value["workflows"] = {"fulfil": value.pop("workflow")}
    found = read(value, {}).document

    assert read(written(found), {}).document == found


def test_what_is_secret_is_masked():
    text = """
name: orders
services:
  headers:
    type: HTTP
    parameters:
      baseUrl: http://h
      headers: {X-Api-Key: t0ps3cret, X-Team: ops}
      auth: {type: basic, username: joe, password: t0ps3cret}
      secret: t0ps3cret
    actions:
      auth: {url: /, headers: {Cookie: t0ps3cret}}
      secret: {url: /, headers: {Authorization: t0ps3cret}}
workflow:
  on-exit: {'headers:auth': {headers: {X-Token: t0ps3cret}}}
listeners:
  - events: [TASK]
    secret: t0ps3cret
    callback: {url: http://h, auth: {type: bearer, token: t0ps3cret}}
  - events: [TASK]
    headers: {Cookie: t0ps3cret}
    url: http://h
"""
    found = document(text)

    assert "t0ps3cret" not in str(shown(found)) + shown_as_yaml(found) + repr(found)
    parameters = shown(found)["services"]["headers"]["parameters"]
    assert parameters["headers"] == {"X-Api-Key": "***", "X-Team": "ops"}
    assert parameters["auth"]["username"] == "joe"


def test_pieces_made_by_the_api_are_marked_and_no_others(mixed):
    text = shown_as_yaml(mixed)

    lines = [line.strip() for line in text.splitlines()]
    marked = [lines[at + 1] for at, line in enumerate(lines) if line == MARK]
    assert marked == ["extra:", "Mailer:", "on-exit: Logger:extra"]
    assert parse(text).value == shown(mixed)
    assert MARK not in shown_as_yaml(document(ORDERS))
