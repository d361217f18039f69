# SPDX-License-Identifier: Apache-2.0
"""Which conditions are judged at once, and that none of them can take long."""

import time

import pytest

from bridge.conditions.budget import Budget
from bridge.conditions.compiled import Compiled, compile_text
from bridge.conditions.engine import freeze, judge, read
from bridge.conditions.limits import CPU_LIMIT, MAX_ITEMS
from bridge.conditions.parse import parse
from bridge.conditions.shelf import Shelf
from bridge.conditions.verdict import Judgement, Verdict

EVENT = {
    "workbook": "orders",
    "execution": {"id": "e1", "error": None},
    "task": {"name": "charge", "error": "card declined", "tags": ["vip", 2, None]},
}
TEXT = "é" * 90_000 + "x"
ITEMS = [{"a": "ß" * 40, "n": n, "b": {"c": [1]}} for n in range(MAX_ITEMS - 1)]
LARGE = {
    "text": TEXT,
    "items": ITEMS,
    "numbers": list(range(MAX_ITEMS)),
    "k": "a" * 40,
    "letters": "x" * 90_000 + "é",
}


@pytest.mark.parametrize(
    "text",
    [
        "$.execution.error = null",
        "$.execution.error != null and $.task.name = 'charge'",
        "$.task?.name in ['charge', 'refund']",
        "$.task.get(attempts, 0) >= 3 or not $.task.containsKey(name)",
        "$.task.error.toLower().startsWith('card') and len($.task.tags) > 2",
        "$.task.tags.where(isNumber($)).select($ * 2).sum() = 4",
        "$.task.tags[-1] = null",
        "coalesce($.execution.error, $.task.error) =~ '(declined|refused)$'",
    ],
)
def test_what_people_write_is_judged_at_once(text):
    judged = compile_text(text).judge(EVENT)

    assert judged == judge(text, read(text), freeze(EVENT))
    assert judged.verdict in {Verdict.MATCH, Verdict.NO_MATCH}


@pytest.mark.parametrize(
    "text",
    [
        "let(x => 1) -> $x = 1",
        "def(f, $) -> f(1)",
        "$1.workbook = 'orders'",
        "{a => 1}.a = 1",
        "$.task.tags.distinct()",
        "range(3)",
        "regex('^c').search($.task.error)",
        "$.task.error =~ '(a+)+$'",
        "$.task.error =~ '(?i)card'",
        "$.task.error =~ '('",
        "$.task.error =~ 'a{99999999999}'",
        "$.task.error =~ '[[a]'",
        "$.task.error.matches('[a--b]')",
        "$.task.error =~ $.task.name",
        "$.task.error.startsWith(prefix => 'c')",
        "$.task.where($)[0]",
        "[$.task.tags.where($)]",
        "$.missing - 'a'",
        "$.workbook.startsWith(3)",
        "$.missing in 5",
        "$.a ==",
    ],
)
def test_what_is_not_plain_is_left_to_the_engine(text):
    assert compile_text(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "$.workbook < 3",
        "1 / 0",
        "$.workbook.name",
        "len($.execution.error)",
        "'ab' * 100000000",
        "9999999999999999999999 * 9999999999999999999999",
        "$.task.tags = ['vip', 2, null]",
        "$.task.tags.name",
        "[].first()",
        "int('a')",
    ],
)
def test_where_it_may_fail_the_engine_is_asked_too(text):
    assert compile_text(text).judge(EVENT) is None


@pytest.mark.parametrize(
    "text",
    [
        f"[{', '.join(['$.text.toUpper()'] * 100)}]",
        f"[{', '.join(['$.text.indexOf(`éx`)'] * 90)}]",
        f"[{', '.join(['9 in $.numbers'] * 100)}]",
        "$.items.where($.a.toLower() = 'x').any()",
        "$.items.where($.n = 5 and $.b.c = 3 or $.n > 4 and $.n < 7).len()",
        "$.items.all($.n >= 0)",
        "$.text.trim($.letters)",
        "$.items.where($.b.c.all($ = 1)).any($.b.c.all($ = 2))",
        "$.items.select($.n).sum() = 0",
        "$.k =~ '(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)b'",
        "$.k =~ 'a*a*a*a*b'",
        "$.text =~ '((((((é)))))?)b'",
        "$.text =~ '.*.*é'",
        "$",
    ],
)
def test_compiled_code_cannot_take_long(text):
    parse(text)
    condition = compile_text(text)
    took = []
    for _ in range(3):  # a busy machine is not its fault
        began = time.perf_counter()
        condition.judge(LARGE)
        took.append(time.perf_counter() - began)

    assert min(took) < CPU_LIMIT.total_seconds()


def test_a_longer_list_than_yaql_goes_through_is_left_to_it():
    data = {"all": list(range(MAX_ITEMS + 1))}

    for text in ("1 in $.all", "$.all.any()", "$.all", "$.all.contains(1)"):
        assert compile_text(text).judge(data) is None
        assert judge(text, read(text), freeze(data)).verdict is Verdict.ERROR


def test_what_nobody_foresaw_is_left_to_the_engine_and_logged(caplog):
    broken = Compiled("$.a", lambda data: data.no_such_thing, Budget())

    assert broken.judge(EVENT) is None
    assert [one.message for one in caplog.records] == [
        "compiled code failed; the engine judges"
    ]


def test_each_event_has_the_whole_budget():
    condition = compile_text("$.text.toUpper().endsWith('X')")

    assert [condition.judge(LARGE) for _ in range(5)] == [Judgement(Verdict.MATCH)] * 5


def test_an_item_that_nobody_looks_at_may_lack_a_member():
    data = {"items": [{"n": 1}, {}]}

    assert compile_text("$.items.any($.n = 1)").judge(data).verdict is Verdict.MATCH
    assert compile_text("$.items.all($.n = 1)").judge(data).verdict is Verdict.MISSING


def test_what_there_is_no_time_for_is_compiled_later():
    shelf = Shelf()

    assert shelf.take("1 = 1", compile=False) is None
    compiled = shelf.take("1 = 1")
    assert compiled is not None
    assert shelf.take("1 = 1", compile=False) is compiled


def test_the_oldest_is_forgotten_where_there_are_too_many():
    shelf = Shelf(room=2)
    first = shelf.take("1 = 1")

    assert shelf.take("1 = 1") is first
    for text in ("2 = 2", "3 = 3"):
        shelf.take(text)
    assert shelf.take("1 = 1") is not first
