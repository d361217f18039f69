# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas of events take every event, and refuse what is none."""

import json

import pytest
from hypothesis import assume, given
from jsonschema import Draft202012Validator

from bridge.api.event_schemas import KNOWN, document
from bridge.errors import NotFound
from notifier.wire import encode_body
from tests.pages import Page
from tests.properties.events import events

VALIDATORS = {one: Draft202012Validator(document(one)) for one in KNOWN}


@pytest.mark.parametrize("event_type", KNOWN)
def test_each_is_a_json_schema(event_type):
    Draft202012Validator.check_schema(document(event_type))


@given(events())
def test_every_event_is_as_its_schema_says(event):
    assume(event.type in VALIDATORS)
    body = json.loads(encode_body(event))

    assert not list(VALIDATORS[event.type].iter_errors(body))


@pytest.mark.parametrize("missing", ["type", "timestamp", "data"])
def test_a_body_that_lacks_something_is_refused(missing):
    body = json.loads(Page("docs/reference/events.md").block("json"))
    assert VALIDATORS[body["type"]].is_valid(body)

    del body[missing]

    assert not VALIDATORS["task.failed"].is_valid(body)


def test_a_task_without_a_name_or_an_id_is_refused():
    body = json.loads(Page("docs/reference/events.md").block("json"))
    body["data"]["task"] = {"state": "ERROR"}

    assert not VALIDATORS["task.failed"].is_valid(body)


def test_there_is_no_schema_of_a_type_that_is_not_known():
    with pytest.raises(NotFound):
        document("task.odd")
