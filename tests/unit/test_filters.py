# SPDX-License-Identifier: Apache-2.0
"""A listener's filters: what they let pass, and what is refused."""

import json
import re

import pytest

from bridge.conditions.filters import DIALECTS, MAX_DEPTH, MAX_FILTERS, compile_filters
from bridge.errors import Invalid
from bridge.routing.index import Index
from tests.pages import Page
from tests.stored import a_listener, an_envelope

PAGE = "docs/reference/filters.md"
EVENT = {
    "id": "7",
    "type": "task.failed",
    "source": "/engines/mistral",
    "subject": "executions/e1/tasks/t1",
}


def examples():
    """Return (word, filter) of each line in the page's blocks."""
    blocks = Page(PAGE).blocks("", section="By example")
    lines = [line for block in blocks for line in block.text.splitlines() if line]
    return [re.split(r"  +", line, maxsplit=1) for line in lines]


@pytest.mark.parametrize(("word", "text"), examples())
def test_an_example_of_the_page_does_as_it_says(word, text):
    (block,) = Page(PAGE).blocks("json", section="By example")
    event = json.loads(block.text)

    assert compile_filters([json.loads(text)])(event) is (word == "passes")


def test_the_page_shows_every_dialect():
    shown = {name for _, text in examples() for name in json.loads(text)}

    assert shown == set(DIALECTS)


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        ([], True),
        ([{"exact": {"type": "task.failed"}}, {"exact": {"id": "8"}}], False),
        ([{"exact": {"type": "task.failed", "id": "8"}}], False),
        ([{"prefix": {"type": "TASK."}}], False),
        ([{"suffix": {"workbook": "orders"}}], False),
        ([{"not": {"exact": {"workbook": "orders"}}}], True),
        ([{"sql": "workbook = 'orders' OR TRUE"}], False),
        ([{"not": {"sql": "workbook = 'orders'"}}], True),
        ([{"sql": "LENGTH(type)"}], False),
    ],
)
def test_all_filters_have_to_let_an_event_pass(filters, passes):
    assert compile_filters(filters)(EVENT) is passes


def nested(levels):
    inner = {"exact": {"type": "x"}}
    for _ in range(levels - 1):
        inner = {"not": inner}
    return inner


@pytest.mark.parametrize(
    ("one", "field", "reason"),
    [
        ("type", "filters[0]", "must be an object of one member: exact, prefix, "),
        ({}, "filters[0]", "must be an object of one member"),
        ({"exact": {"id": "7"}, "sql": "TRUE"}, "filters[0]", "of one member"),
        ({"regex": {}}, "filters[0].regex", "is no dialect; exact, prefix, suffix,"),
        ({"exact": {}}, "filters[0].exact", "must name one attribute or more"),
        ({"exact": {"Type": "x"}}, "filters[0].exact", "'Type' is no attribute"),
        ({"exact": {"type": ""}}, "filters[0].exact.type", "text of 1 to 1024"),
        ({"prefix": {"type": 7}}, "filters[0].prefix.type", "text of 1 to 1024"),
        ({"prefix": {"id": "\0"}}, "filters[0].prefix.id", "text of 1 to 1024"),
        ({"all": []}, "filters[0].all", "must be a list of one filter or more"),
        ({"any": {"sql": "TRUE"}}, "filters[0].any", "must be a list"),
        ({"any": [{"not": []}]}, "filters[0].any[0].not", "must be an object"),
        ({"sql": {"expression": "x"}}, "filters[0].sql", "must be a text"),
        ({"sql": "type ="}, "filters[0].sql", "at character 7: the expression stops"),
        ({"sql": "SIN(1) = 0"}, "filters[0].sql", "at character 1: there is no"),
        ({"sql": "type = '\0'"}, "filters[0].sql", "must hold no NUL"),
        (nested(MAX_DEPTH + 1), "filters[0]" + ".not" * MAX_DEPTH, "8 levels deep"),
        ({"any": [{"sql": "TRUE"}] * MAX_FILTERS}, "filters", "are over 100"),
    ],
)
def test_what_is_no_filter_is_refused_with_its_place(one, field, reason):
    with pytest.raises(Invalid) as refused:
        compile_filters([one])

    assert refused.value.field == field
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    "one",
    [
        {"exact": {"type": "x", "source": "y", "subject": "z"}},
        {"sql": "type = 'x'"},
        {"not": {"sql": "type = 'x'"}},
        {"any": [{"prefix": {"type": "x"}}] * 3},
    ],
    ids=lambda one: next(iter(one)),
)
def test_as_many_filters_are_taken_as_the_limit_says(one):
    inside = {"not": 1, "any": 3}.get(next(iter(one)), 0)
    many = [one] * (MAX_FILTERS // (1 + inside))

    compile_filters(many)

    with pytest.raises(Invalid):
        compile_filters([*many, one])


def test_filters_within_filters_are_taken_to_their_limit():
    assert compile_filters([nested(MAX_DEPTH)])({"type": "y"}) is (MAX_DEPTH % 2 == 0)


def test_only_listeners_whose_filters_let_an_event_pass_are_told():
    event = an_envelope(task="charge").event
    index = Index()
    for name, text in (("wants", f"type = '{event.type}'"), ("not", "workbook = 'x'")):
        index.put(a_listener(id=name, filters=({"sql": text},)))

    assert [one.id for one in index.match(event)] == ["wants"]
