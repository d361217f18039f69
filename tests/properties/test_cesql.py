# SPDX-License-Identifier: Apache-2.0
"""No expression and no event, however odd, breaks CESQL or holds it up."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bridge.cesql.expression import Unreadable, parse
from bridge.cesql.operators import Pattern

WORDS = st.sampled_from(
    [
        *("AND", "OR", "XOR", "NOT", "LIKE", "IN", "EXISTS", "TRUE", "FALSE"),
        *("=", "!=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"),
        *("(", ")", ",", "type", "sequence", "missing", "0", "7", "2147483647"),
        *("'a'", "'7'", '"%_"', "LENGTH(", "CONCAT(", "LEFT(", "ABS(", "NONE("),
    ]
)
JUMBLE = st.text(max_size=40) | st.lists(WORDS, max_size=15).map(" ".join)

ATOMS = st.sampled_from(
    ["type", "sequence", "missing", "TRUE", "0", "-3", "2147483647", "'a%'", "'12'"]
)
FORMS = st.sampled_from(
    [
        *("({0} = {1})", "({0} < {1})", "({0} + {1})", "({0} / {1})", "({0} % {1})"),
        *("({0} AND {1})", "({0} OR {1})", "({0} XOR {1})", "(NOT {0})", "(-{0})"),
        *("({0} LIKE '%1_')", "({0} NOT IN ({1}, 'a'))", "CONCAT({0}, {1})"),
        *("SUBSTRING({0}, {1})", "LEFT({0}, {1})", "ABS({0})", "INT({0})"),
    ]
)
WHOLE = st.recursive(
    ATOMS,
    lambda inner: st.builds(lambda form, x, y: form.format(x, y), FORMS, inner, inner),
    max_leaves=12,
)
VALUES = st.text(max_size=20) | st.booleans() | st.integers(-(2**31), 2**31 - 1)
EVENTS = st.dictionaries(st.sampled_from(["type", "sequence"]), VALUES)


@given(JUMBLE, EVENTS)
def test_a_text_is_read_or_refused_with_a_place_in_it(text, event):
    try:
        expression = parse(text)
    except Unreadable as err:
        position = err.position
    else:
        position = 1
        assert type(expression.evaluate(event).value) in {str, int, bool}

    assert 1 <= position <= len(text) + 1


@given(WHOLE, EVENTS)
def test_an_expression_gives_the_same_value_each_time(text, event):
    expression = parse(text)

    first = expression.evaluate(event)

    assert first == parse(f"({text})").evaluate(event)
    assert type(first.value) is not int or -(2**31) <= first.value < 2**31


@given(st.text("ab%_\\", max_size=8), st.text("ab%_\\", max_size=10))
def test_like_agrees_with_a_regular_expression(pattern, text):
    plain = "".join(
        {"%": ".*", "_": "."}.get(part, re.escape(part[-1]))
        for part in re.findall(r"\\[%_]|.", pattern)
    )

    found = Pattern(pattern).matches(text, [])

    assert found == bool(re.fullmatch(plain, text))
