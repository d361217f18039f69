# SPDX-License-Identifier: Apache-2.0
"""Compiled conditions mean what the engine means by them, or say that they are unsure."""

from hypothesis import event, given
from hypothesis import strategies as st

from bridge.conditions.absence import Missing
from bridge.conditions.budget import Unsure
from bridge.conditions.compiled import compile_text
from bridge.conditions.engine import Unreadable, freeze, judge, read
from tests.expressions import DATA, EXPRESSIONS, FITTING, ROWS

ANY = st.tuples(EXPRESSIONS, DATA) | st.tuples(FITTING, ROWS)


@given(ANY)
def test_compiled_code_agrees_with_the_engine_word_for_word(asked):
    text, data = asked
    condition = compile_text(text)
    judged = None if condition is None else condition.judge(data)

    event("left to the engine" if judged is None else judged.verdict.value)
    assert judged in {None, _of_the_engine(text, data)}


@given(ANY)
def test_nothing_fails_in_compiled_code_that_is_not_foreseen(asked):
    text, data = asked
    condition = compile_text(text)
    try:
        holds = condition is None or condition.holds(data)
    except (Missing, Unsure, ArithmeticError):
        return

    assert holds in {True, False}


def _of_the_engine(text, data):
    try:
        return judge(text, read(text), freeze(data))
    except Unreadable:
        return None
