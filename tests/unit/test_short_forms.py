# SPDX-License-Identifier: Apache-2.0
"""The short ways to write a listener, merge patches, and masked headers."""

import pytest

from bridge.errors import Invalid
from bridge.shape.merging import mask, merge, unmask_headers
from bridge.shape.short_forms import expand


def test_the_form_of_a_workbook_is_expanded():
    short = {"workbook_name": "orders", "events": ["EXECUTION"], "url": "http://h/"}

    assert expand(short) == {
        "workbook": "orders",
        "events": ["EXECUTION"],
        "callback": {"url": "http://h/"},
    }


def test_the_form_of_a_callback_is_expanded():
    short = {
        "task": "charge",
        "callback": {
            "events": ["on-task-complete"],
            "url": "http://h/",
            "method": "PUT",
            "headers": {"A": "b"},
        },
    }

    assert expand(short) == {
        "task": "charge",
        "events": ["on-task-complete"],
        "callback": {"url": "http://h/", "method": "PUT", "headers": {"A": "b"}},
    }


def test_both_forms_at_once_are_expanded():
    short = {
        "workbook_name": "orders",
        "url": "http://h/",
        "headers": {},
        "callback": {"events": ["TASK"], "method": "PUT"},
    }

    assert expand(short) == {
        "workbook": "orders",
        "events": ["TASK"],
        "callback": {"method": "PUT", "url": "http://h/", "headers": {}},
    }


@pytest.mark.parametrize(
    "whole",
    [
        {},
        {"workbook": "orders"},
        {"callback": {}},
        {"callback": {"url": "http://h/"}, "events": ["TASK"]},
        {"callback": None, "url": "http://h/"},
        {"callback": ["x"]},
    ],
    ids=str,
)
def test_anything_else_stays_as_it_is(whole):
    before = repr(whole)

    assert expand(whole) == whole
    assert repr(whole) == before


def test_what_is_expanded_is_not_changed_itself():
    short = {"workbook_name": "orders", "callback": {"events": ["TASK"]}}
    before = repr(short)

    expand(short)

    assert repr(short) == before


@pytest.mark.parametrize(
    ("short", "field"),
    [
        ({"workbook": "a", "workbook_name": "a"}, "workbook_name"),
        ({"events": [], "callback": {"events": []}}, "callback.events"),
        ({"url": "x", "callback": {"url": "x"}}, "url"),
        ({"method": "PUT", "callback": {"method": "PUT"}}, "method"),
    ],
)
def test_the_same_said_twice_is_refused(short, field):
    with pytest.raises(Invalid) as refused:
        expand(short)

    assert refused.value.field == field


# RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_its_specification_shows(target, patch, merged):
    assert merge(target, patch) == merged


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "proxy-authorization", "Cookie", "X-Auth", "X-Token"),
        *("x-api-key", "X-API-Version", "X-Signature", "X-Session-Id", "MyPassword"),
        *("X-Shared-Secret", "Credentials"),
    ],
)
def test_a_header_that_may_be_secret_is_masked(name):
    assert mask({name: "s3cret"}) == {name: "***"}


@pytest.mark.parametrize("name", ["X-Team", "Accept", "X-Request-Id", "Priority"])
def test_other_headers_are_shown(name):
    assert mask({name: "ops"}) == {name: "ops"}


def test_a_mask_stands_for_the_known_value_whatever_the_case_of_its_name():
    known = {"X-Token": "s3cret", "X-Team": "ops"}

    headers = {"x-token": "***", "X-New": "1"}

    assert unmask_headers(headers, known, is_elsewhere=False) == {
        "x-token": "s3cret",
        "X-New": "1",
    }


def test_a_mask_without_a_known_value_is_refused():
    with pytest.raises(Invalid) as refused:
        unmask_headers({"X-Token": "***"}, {"X-Other": "s3cret"}, is_elsewhere=False)

    assert refused.value.field == "callback.headers.X-Token"
