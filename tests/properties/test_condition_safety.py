# SPDX-License-Identifier: Apache-2.0
"""No condition and no data, however odd, breaks or holds up the evaluator."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.conditions.child import Child
from bridge.conditions.engine import Unreadable, freeze, judge, read
from bridge.conditions.frames import Decoder, encode
from bridge.conditions.parse import parse
from bridge.conditions.verdict import Verdict
from bridge.errors import Invalid
from tests.evaluators import RunningEvaluator

NAMES = st.sampled_from(["a", "b", "execution", "task", "error", "name"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=20,
)
DATA = st.dictionaries(NAMES | st.text(max_size=5), JSON, max_size=6)

LITERALS = st.sampled_from(
    ["null", "true", "false", "0", "1", "-3", "2.5", "''", "'a'", '"error"', "[]", "{}"]
)
PATHS = st.lists(NAMES, max_size=3).map(lambda names: ".".join(["$", *names]))
OPERATORS = st.sampled_from(
    [
        *("=", "!=", "<", "<=", ">", ">=", "and", "or", "in"),
        *("+", "-", "*", "/", "mod", "=~", "!~", ".", "?.", "->"),
    ]
)
FORMS = st.sampled_from(
    [
        "not {}",
        "-{}",
        "({})",
        "[{}, 1]",
        "{{a => {}}}",
        "len({})",
        "str({})",
        "int({})",
        "regex({})",
        "coalesce({}, 1)",
        "switch({} => 1)",
        "let(x => {}) -> $x",
        "{}[0]",
        "{}['a']",
        "{}.len()",
        "{}.where($)",
        "{}.select($.a)",
        "{}.any()",
        "{}.startsWith('a')",
        "{}?.error",
        "{}.get(a)",
    ]
)
EXPRESSIONS = st.recursive(
    LITERALS | PATHS,
    lambda inner: (
        st.tuples(inner, OPERATORS, inner).map(" ".join)
        | st.tuples(FORMS, inner).map(lambda both: both[0].format(both[1]))
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningEvaluator]:
    """One evaluator for all examples, as in the bridge."""
    with RunningEvaluator() as running:
        yield running


@pytest.fixture(scope="module")
def asking() -> Iterator[RunningEvaluator]:
    """The part of one that asks the process whatever the condition."""
    with RunningEvaluator(make=Child) as asking:
        yield asking


@given(st.lists(EXPRESSIONS, min_size=1, max_size=5), DATA)
def test_every_expression_gets_the_engines_own_answer(running, texts, data):
    judged = running.judge(texts, data)

    assert judged == [judge(text, read(text), freeze(data)) for text in texts]


@given(st.lists(EXPRESSIONS, min_size=1, max_size=5), DATA)
def test_the_process_gives_the_engines_own_answer(asking, texts, data):
    judged = asking.judge(texts, data)

    assert judged == [judge(text, read(text), freeze(data)) for text in texts]


@given(st.lists(st.text(max_size=50), min_size=1, max_size=5), DATA)
def test_any_text_gets_some_answer(running, texts, data):
    verdicts = running.verdicts([*texts, "true"], data)

    assert len(verdicts) == len(texts) + 1
    assert verdicts[-1] is Verdict.MATCH


@given(EXPRESSIONS | st.text(max_size=2100))
def test_any_text_is_parsed_or_refused(text):
    refused = _refusal(text)

    assert refused is None or (refused.field, "\n" in refused.reason) == ("when", False)


@given(st.text(alphabet="$.=!<>&|'\"\\ abN{}[]()10", max_size=30))
def test_what_looks_like_an_expression_is_parsed_or_refused(text):
    refused = _refusal(text)

    assert refused is None or refused.field == "when"


def _refusal(text: str) -> Invalid | None:
    try:
        parse(text)
    except Invalid as refused:
        return refused
    return None


@given(st.lists(JSON, max_size=5), st.integers(1, 50))
def test_frames_survive_any_cut(values, size):
    stream = b"".join(map(encode, values))
    decoder = Decoder()

    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    decoded = [value for piece in pieces for value in decoder.feed(piece)]

    assert decoded == values


@given(EXPRESSIONS, DATA)
def test_a_reason_is_one_short_line(text, data):
    try:
        reason = judge(text, read(text), freeze(data)).reason
    except Unreadable:
        return

    assert reason is None or (0 < len(reason) < 200 and "\n" not in reason)
