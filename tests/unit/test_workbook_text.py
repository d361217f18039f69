# SPDX-License-Identifier: Apache-2.0
"""YAML as plain values: bounded, and with lines."""

import time
import tracemalloc

import pytest

from bridge.errors import Invalid
from bridge.workbook.yaml_text import MAX_CHARACTERS, parse

BOMB = """
a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
"""
MERGES = """
a: &a {x: 1, y: 2}
b: &b {<<: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]}
c: &c {<<: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]}
d: &d {<<: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]}
e: &e {<<: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]}
f: &f {<<: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]}
"""
# Each line is allowed; each alias takes the next one 20 levels deeper.
DEEP = "a: &a 1\n" + "".join(
    f"{chr(b)}: &{chr(b)} {'[' * 20}*{chr(b - 1)}{']' * 20}\n"
    for b in range(ord("b"), ord("z") + 1)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("name: a\nname: b", "lines 1 and 2: 'name' is there twice"),
        ("a: [", "line 1: expected the node content, but found '<stream end>'"),
        ("x: 1\na: {$.X}/v1", "line 2: put a value that holds {$.…} in quotes"),
        ("a: &a [*a]", "line 1: holds itself, by an alias"),
        ("? [a, b]\n: c", "line 1: a name must be a text"),
        ("a: !!python/object:os.x {}", "line 1: could not determine a constructor"),
        ("a: 2024-13-01", "holds a value that is none: month must be in 1..12"),
        ("a: '\0'", "is no YAML: it holds characters of no text"),
        ("a: 1\n---\nb: 2", "line 2: but found another document"),
        ("[" * 40 + "]" * 40, "line 1: is nested over 32 levels deep"),
        ("[" * 100_000, "is nested over 32 levels deep"),
        ("a" * (MAX_CHARACTERS + 1), f"at most {MAX_CHARACTERS}"),
        (BOMB, "holds over 50000 values, aliases included"),
        (MERGES, "holds over 50000 values, aliases included"),
        (DEEP, "line 2: is nested over 32 levels deep"),
    ],
    ids=[
        *("empty", "twice", "broken", "unquoted", "itself", "no text", "object"),
        *("date", "NUL", "two", "deep", "deeper", "long", "bomb", "merges"),
        "deep by aliases",
    ],
)
def test_what_is_no_bounded_yaml_is_refused_in_no_time(text, reason):
    start = time.monotonic()

    with pytest.raises(Invalid) as refused:
        parse(text)

    assert reason in refused.value.reason
    assert time.monotonic() - start < 10


def test_long_names_are_not_kept_for_each_value_below_them():
    text = f"? {'n' * 10_000}\n: [{'1,' * 5_000}]"
    tracemalloc.start()
    try:
        parse(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20 * 1024**2


def test_aliases_and_merges_are_followed():
    parsed = parse("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: *a")

    assert parsed.value == {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1}}


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("name", 1),
        ("listeners[1].events", 4),
        ("listeners[1].callback.url", 3),
        ("tasks.charge.on-exit.Logger:success.when", 7),
    ],
)
def test_an_error_is_told_with_the_line_of_the_nearest_that_is_there(field, line):
    text = """name: orders
listeners:
  - {name: a}
  - events: []
tasks:
  charge:
    on-exit: [{x: y}, {'Logger:success': z}]
"""
    # the second listener has no callback: then it is the listener's own line
    line = 4 if field == "listeners[1].callback.url" else line

    err = parse(text).located(Invalid(field, "is wrong"))

    assert (err.field, err.reason) == (field, f"line {line}: is wrong")


def test_an_error_of_what_is_nowhere_has_no_line():
    err = Invalid("project", "is wrong")

    assert parse("name: orders").located(err) is err
