# SPDX-License-Identifier: Apache-2.0
"""docs/reference/conditions.md tells the truth."""

import json
import re
from pathlib import Path

import pytest

from bridge.conditions import evaluator, limits, patterns, suspension
from bridge.conditions.budget import Budget
from bridge.conditions.compiled import compile_text
from bridge.conditions.compiler import LAZY, PREFIXES
from bridge.conditions.engine import freeze, judge, read
from bridge.conditions.functions import FUNCTIONS, methods
from bridge.conditions.lists import COLLECTORS, QUANTIFIERS, STREAMS
from bridge.conditions.operators import operators
from bridge.conditions.parse import parse
from bridge.conditions.verdict import Verdict
from bridge.errors import Invalid

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conditions.md"
VERDICTS = "|".join(verdict.value for verdict in Verdict)


def _examples() -> list[tuple[str, str, dict[str, object]]]:
    """Return (expected, expression, data); the data is the JSON block before."""
    data, found = {}, []
    for language, block in re.findall(
        r"^```(\w*)\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    ):
        if language == "json":
            data = json.loads(block)
            continue
        for line in block.splitlines():
            cells = re.fullmatch(rf"({VERDICTS}) +(.+)|(.+?) {{2,}}(.+)", line)
            verdict, asked, refused, reason = cells.groups()
            found.append((verdict or reason, asked or refused, data))
    return found


EXAMPLES = _examples()
JUDGED = [one for one in EXAMPLES if re.fullmatch(VERDICTS, one[0])]
REFUSED = [one for one in EXAMPLES if one not in JUDGED]


@pytest.mark.parametrize(("verdict", "text", "data"), JUDGED)
def test_an_example_is_judged_as_the_page_says(verdict, text, data):
    parse(text)

    assert judge(text, read(text), freeze(data)).verdict.value == verdict


@pytest.mark.parametrize(("reason", "text", "_data"), REFUSED)
def test_an_example_is_refused_as_the_page_says(reason, text, _data):
    with pytest.raises(Invalid) as refused:
        parse(text)

    assert refused.value.reason == reason


def test_the_page_shows_examples_of_everything():
    assert len(JUDGED) > 30
    assert len(REFUSED) > 5


def test_the_limits_on_the_page_are_those_in_force():
    section = PAGE.read_text().partition("## Limits")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (.+) \| ([\d]+)[^|]* \|$", section, re.MULTILINE))

    assert {int(value) for value in rows.values()} == {
        limits.MAX_CHARACTERS,
        limits.MAX_DEPTH,
        limits.MAX_DIGITS,
        limits.CPU_LIMIT.total_seconds() * 1000,
        limits.MAX_ITEMS,
        limits.MAX_VALUE_BYTES // 1024**2,
    }


def test_what_the_page_calls_compiled_is_what_the_compiler_knows():
    rows = re.findall(r"^\| ([\w ]+) \| (.*`.*) \|$", PAGE.read_text(), re.MULTILINE)
    told = {name: set(re.findall(r"`([^` ]+)`", cell)) for name, cell in rows}
    budget = Budget()
    of = {name: method.of for name, method in methods(budget).items()}
    through_items = {*STREAMS, *QUANTIFIERS, *COLLECTORS, "first"}

    assert told["operators"] == {*operators(budget), *LAZY, *PREFIXES}
    assert told["functions"] == {*FUNCTIONS, "coalesce"}
    assert told["methods of texts"] == {name for name in of if str in of[name]}
    assert told["methods of objects"] == {name for name in of if dict in of[name]}
    assert told["methods of lists"] == through_items | {
        name for name in of if list in of[name]
    }


def test_the_bounds_of_regular_expressions_on_the_page_are_those_in_force():
    said = f"of up to {patterns.MAX_CHARACTERS} characters and {patterns.MAX_CHOICES}"

    assert f"{said} repetitions, options and alternatives" in PAGE.read_text()


def test_the_time_for_one_event_on_the_page_is_that_in_force():
    assert f"have taken {evaluator.JUDGING_SECONDS * 1000:.0f} ms" in PAGE.read_text()


def test_most_examples_of_the_page_are_compiled():
    sure = [
        (text, data)
        for verdict, text, data in JUDGED
        if verdict != Verdict.ERROR.value
        if (compiled := compile_text(text)) and compiled.judge(data)
    ]

    assert len(sure) > 0.9 * len([one for one in JUDGED if one[0] != "error"])


def test_the_suspensions_on_the_page_are_those_in_force():
    page = " ".join(PAGE.read_text().split())

    assert suspension.STRIKES == 3
    assert suspension.WITHIN_SECONDS == 60
    assert "three times, each within a minute of the last, is suspended" in page
    assert f"for {suspension.FIRST_SECONDS:.0f} seconds" in page
    assert f"up to {suspension.LONGEST_SECONDS / 60:.0f} minutes" in page
