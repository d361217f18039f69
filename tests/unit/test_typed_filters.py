# SPDX-License-Identifier: Apache-2.0
"""Filters as they are typed on a command line."""

import json

import pytest

from bridge.cli import drafting
from bridge.cli.filters import filter_texts, read_filters
from bridge.conditions.filters import DIALECTS, compile_filters
from bridge.errors import Invalid

PREFIX = {"prefix": {"type": "task."}}
SQL = {"sql": "type LIKE 'org.%.task.%'"}
NOTHING = {"events": (), "headers": (), "auth_file": None}


@pytest.mark.parametrize(
    ("typed", "filters"),
    [
        ([], None),
        ([""], []),
        ([" type LIKE 'org.%.task.%' "], [SQL]),
        ([json.dumps(PREFIX)], [PREFIX]),
        ([SQL["sql"], json.dumps(PREFIX)], [SQL, PREFIX]),
    ],
)
def test_what_is_typed_becomes_filters(typed, filters):
    assert read_filters(typed, None) == filters


@pytest.mark.parametrize("held", [PREFIX, [PREFIX], [PREFIX, SQL]])
def test_a_file_holds_a_filter_or_several(tmp_path, held):
    file = tmp_path / "filters.json"
    file.write_text(json.dumps(held))

    assert read_filters([], str(file)) == (held if isinstance(held, list) else [held])
    assert read_filters([SQL["sql"]], str(file))[0] == SQL


@pytest.mark.parametrize("text", ["", "{", "type = 'x'", '["type"]', "7", "null"])
def test_a_file_of_something_else_is_refused_by_the_option(tmp_path, text):
    file = tmp_path / "filters.json"
    file.write_text(text)

    with pytest.raises(Invalid, match='"prefix"') as refused:
        read_filters([], str(file))

    assert refused.value.field == "--filter-json"


def test_json_that_is_broken_is_refused_with_its_place():
    with pytest.raises(Invalid, match="line 1 column 12") as refused:
        read_filters(['{"prefix": }'], None)

    assert refused.value.field == "--filter"


def test_filters_that_are_not_given_stay():
    assert "filters" not in drafting.change(
        {**NOTHING, "filters": (), "filter_file": None}
    )
    assert drafting.change({**NOTHING, "filters": ("",), "filter_file": None}) == {
        "filters": []
    }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_shown_of_a_filter_may_be_typed_again(dialect):
    inner = {"all": [SQL], "any": [PREFIX], "not": SQL, "sql": "type = 'x'"}
    filters = [{dialect: inner.get(dialect, {"type": "é"})}]
    compile_filters(filters)

    assert read_filters(filter_texts(filters), None) == filters
