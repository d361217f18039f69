# SPDX-License-Identifier: Apache-2.0
"""CESQL, by the conformance cases of its specification and by its text."""

import re
import time
from pathlib import Path

import pytest
import yaml

from bridge.cesql import operators, tokens
from bridge.cesql.expression import Unreadable, parse

FOLDER = Path(__file__).with_name("cesql_cases")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "filters.md"
ANY_EVENT = {"specversion": "1.0", "id": "7", "source": "/engine", "type": "any"}


class AsWritten(yaml.SafeLoader):
    """Reads times as texts, which they are in CESQL."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as its base class has it
        first: [one for one in known if one[0] != "tag:yaml.org,2002:timestamp"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _cases():
    for path in sorted(FOLDER.glob("*.yaml")):
        read = yaml.load(path.read_text("utf-8"), AsWritten)  # noqa: S506 - a safe one
        for case in read["tests"]:
            yield pytest.param(case, id=f"{path.stem}: {case['name']}")


CASES = list(_cases())


def _given(case):
    return case.get("event", ANY_EVENT | case.get("eventOverrides", {}))


def _outcome(case):
    """Return value and kinds of errors; an unreadable one is false, by 'parse'."""
    try:
        result = parse(str(case["expression"])).evaluate(_given(case))
    except Unreadable:
        return False, {"parse"}
    return result.value, {fault.kind.value for fault in result.faults}


@pytest.mark.parametrize("case", CASES)
def test_a_conformance_case_passes(case):
    value, errors = _outcome(case)

    assert errors == ({case["error"]} if "error" in case else set())
    if "result" in case:
        assert (value, type(value)) == (case["result"], type(case["result"]))


def test_the_page_tells_how_many_cases_pass():
    said = re.search(r"passes (\d+) of (\d+) conformance cases", PAGE.read_text())

    assert {int(one) for one in said.groups()} == {len(CASES)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("TRUE OR TRUE AND FALSE", False),  # of equal rank, from left to right
        ("FALSE AND TRUE OR TRUE", True),
        ("TRUE XOR TRUE OR TRUE", True),
        ("1 + 2 * 3 = 7 AND 10 - 2 - 3 = 5", True),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("7 % -2", 1),
        ("4 -1", 3),
        ("+5", 5),
        ("- 2147483648", -2147483648),
        ("10 AND TRUE", True),
        ("TRUE = 'true' AND FALSE = 'false'", True),
        ("TRUE = 'TRUE' OR FALSE = 'FALSE'", False),
        ("int('+7') + 1", 8),
        ("Type = 'any'", True),
        ("'a%c' LIKE 'a\\%c' AND NOT ('abc' LIKE 'a\\%c')", True),
        ("'ab\\'c'", "ab'c"),
        (r"'a\\'", r"a\\"),
        ("'aXbXb' LIKE 'a%b'", True),
        ("'ab' LIKE 'ab%b'", False),
        ("'line\nbreak' LIKE 'line_break'", True),
        ("TRIM('\x1f a \u2003')", "\x1f a"),
        ("SUBSTRING('abcdef', 2, 100)", "bcdef"),
        ("'x' IN ('y') OR 'x' NOT IN ('y', 'z')", True),
    ],
)
def test_it_computes_as_the_specification_says(text, value):
    result = parse(text).evaluate(ANY_EVENT)

    assert (result.value, result.faults) == (value, ())


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("2147483647 + 1", 0, "math"),
        ("-2147483648 / -1", 0, "math"),
        ("- -2147483648", 0, "math"),
        ("INT('2147483648')", 0, "cast"),
        ("INT('\u0661')", 0, "cast"),  # a digit, but not of ASCII
        ("missing * 5", 0, "missingAttribute"),
        ("1 / missing", 0, "missingAttribute"),
        ("LENGTH(missing)", 0, "missingAttribute"),
        ("CONCAT('a', missing)", "", "missingAttribute"),
        ("missing IN (missing)", False, "missingAttribute"),
        ("missing XOR TRUE", False, "missingAttribute"),
        ("missing AND FALSE", False, "missingAttribute"),
        ("SUBSTRING('abc', 1, -1)", "", "functionEvaluation"),
        ("LENGTH('a', 'b')", False, "missingFunction"),
    ],
)
def test_an_error_has_a_value_all_the_same(text, value, kind):
    result = parse(text).evaluate(ANY_EVENT)

    assert result.value == value
    assert {fault.kind.value for fault in result.faults} == {kind}


@pytest.mark.parametrize(
    ("text", "accepts"),
    [
        ("type = 'any'", True),
        ("type = 'other'", False),
        ("1", False),
        ("'true'", False),
        ("missing = 1 OR TRUE", False),
        ("TRUE OR missing = 1", True),
        ("NOT (missing = 1)", False),
    ],
)
def test_a_filter_lets_pass_what_is_true_without_an_error(text, accepts):
    assert parse(text).accepts(ANY_EVENT) is accepts


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 1, "the expression stops here, unfinished"),
        ("type =", 7, "the expression stops here, unfinished"),
        ("type == 'a'", 7, "unexpected '='"),
        ("type = 'a", 8, "this quote is never closed"),
        ("type = 'a' source", 12, "unexpected 'source'"),
        ("type ~ 'a'", 6, "unexpected '~'"),
        ("type LIKE source", 11, "unexpected 'source'; a text should stand here"),
        ("type NOT 'a'", 10, "unexpected 'a'; LIKE or IN should stand here"),
        ("type IN ()", 10, "unexpected ')'"),
        ("EXISTS 'type'", 8, "unexpected 'type'; a name should stand here"),
        ("my_type = 1", 1, "my_type is no attribute: letters and digits are"),
        ("+ type", 3, "unexpected 'type'; a number should stand here"),
        ("1 + 2147483648", 5, "a number does not fit 32 bits"),
        ("(" * 100 + "1" + ")" * 100, 65, "is over 64 levels deep"),
        ("1" + " + 1" * 100, 257, "is over 64 levels deep"),
        ("1" * 2001, 2001, "2001 characters are too many; at most 2000"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_place(text, position, reason):
    with pytest.raises(Unreadable) as refused:
        parse(text)

    assert (refused.value.position, refused.value.reason) == (position, reason)


def test_a_function_that_there_is_not_is_told_before_any_event():
    (unknown,) = parse("type = 'a' AND ABC(1, 2) = 3").unknown

    assert str(unknown) == "at character 16: there is no function ABC of 2 arguments"


@pytest.mark.parametrize(
    "text",
    [
        "subject LIKE '" + "a_" * 900 + "b'",
        "subject LIKE '" + "%a" * 900 + "b'",
        "subject LIKE '%" + "a" * 1900 + "b'",
        "LENGTH(CONCAT(" + ", ".join(["subject"] * 200) + ")) > 0",
        "subject IN (" + ", ".join(["subject"] * 200) + ")",
    ],
)
def test_no_expression_takes_50_ms(text):
    event = ANY_EVENT | {"subject": "a" * operators.MAX_LIKE}
    expression = parse(text)

    took = []
    for _ in range(5):  # the best of them: others may use the processor too
        began = time.thread_time()
        expression.evaluate(event)
        took.append(time.thread_time() - began)

    assert min(took) < 0.05


@pytest.mark.parametrize(
    "text", ["subject LIKE 'a%'", "CONCAT(subject, subject) = 'a'"]
)
def test_what_would_take_long_is_an_error(text):
    event = ANY_EVENT | {"subject": "a" * 600_000}

    (fault,) = parse(text).evaluate(event).faults

    assert fault.kind.value == "generic"


def test_the_limits_on_the_page_are_those_in_force():
    page = PAGE.read_text()

    assert f"{tokens.MAX_CHARACTERS} characters" in page
    assert f"{tokens.MAX_DEPTH} levels" in page
    assert f"over {operators.MAX_LIKE} characters" in page
