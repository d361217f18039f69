# SPDX-License-Identifier: Apache-2.0
"""What conditions mean, what they may quote, and which are refused."""

import threading

import pytest

from bridge.conditions.engine import Unreadable, freeze, judge, read
from bridge.conditions.parse import Condition, parse
from bridge.conditions.verdict import Judgement, Verdict
from bridge.errors import Invalid

MATCH, NO_MATCH, MISSING, ERROR = Verdict

TASK = {
    "workbook": "orders",
    "execution": {"id": "e1", "state": "RUNNING", "error": "card declined"},
    "task": {"name": "charge", "result": None, "items": [{"n": 1}, {"n": 2}]},
    "payload": {"n": 3, "empty": [], "secret": "hunter2", "flag": True},
}
ASSIGNS_NOTHING = "a condition compares with = and assigns nothing"
WITHOUT_MARKS = "write the expression alone, without <% %>"
EXECUTION = {
    "workbook": "orders",
    "execution": {"id": "e1", "state": "SUCCESS", "error": None},
    "task": None,
}


def _judge(text: str, data: dict[str, object]) -> Judgement:
    return judge(text, read(text), freeze(data))


@pytest.mark.parametrize(
    ("text", "on_task", "on_execution"),
    [
        ("$.execution.error != null", MATCH, NO_MATCH),
        ("$.execution.error = null", NO_MATCH, MATCH),
        ("$.execution.root_id = null", MISSING, MISSING),
        ("$.execution.root_id != null", MISSING, MISSING),
        ("$.execution['root_id']", MISSING, MISSING),
        ("$.execution.error", MATCH, NO_MATCH),
        ("$.task.name = 'charge'", MATCH, MISSING),
        ("$.task['name'] = 'charge'", MATCH, MISSING),
        ("$.task.name.startsWith('ch')", MATCH, MISSING),
        ("$.task.result.startsWith('ch')", MISSING, MISSING),
        ("$.task.get(x).y", MISSING, MISSING),
        ("$.task?.name = 'charge'", MATCH, NO_MATCH),
        ("$.execution.error.isEmpty()", NO_MATCH, MATCH),
        ("$.task.items.n.sum() = 3", MATCH, MISSING),
        ("$.task.items.m", MISSING, MISSING),
        ("$.task.items.where($.n > 1)", MATCH, MISSING),
        ("$.task.items.where($.m > 1)", MISSING, MISSING),
        ("$.task.items[1].n = 2", MATCH, MISSING),
        ("$.task.items[2].n = 2", MISSING, MISSING),
        ("$.workbook = 'orders' and $.task = null", NO_MATCH, MATCH),
        ("$.workbook = 'orders' or $.task.name = 'x'", MATCH, MATCH),
        ("$.task.name = 'x' or $.workbook = 'orders'", MATCH, MISSING),
        ("not $.task", NO_MATCH, MATCH),
        ("$.execution.state in ['RUNNING', 'PAUSED']", MATCH, NO_MATCH),
        ("'charge' in $.task.name", MATCH, MISSING),
        ("$.payload.n * 2 - 1 = 5", MATCH, MISSING),
        ("$.payload.n mod 2", MATCH, MISSING),
        ("len($.workbook) = 6", MATCH, MATCH),
        ("len($.task.items) = 2", MATCH, MISSING),
        ("$.workbook =~ 'ord.*'", MATCH, MATCH),
        ("$.workbook !~ 'ord.*'", NO_MATCH, NO_MATCH),
        ("regex('o.d').matches($.workbook)", MATCH, MATCH),
        ("$.payload.flag = true", MATCH, MISSING),
        ("null < 3", MATCH, MATCH),
        ("null > 3", NO_MATCH, NO_MATCH),
        ("let(x => $.workbook) -> $x = 'orders'", MATCH, MATCH),
        ("switch($.task = null => 0, true => 1)", MATCH, NO_MATCH),
    ],
)
def test_a_condition_holds_or_does_not(text, on_task, on_execution):
    assert parse(text) == Condition(text)
    assert _judge(text, TASK).verdict is on_task
    assert _judge(text, EXECUTION).verdict is on_execution


@pytest.mark.parametrize(
    "result", ["false", "null", "0", "0.0", "''", "[]", "{}", "set()", "[].where($)"]
)
def test_what_python_holds_for_false_does_not_match(result):
    assert _judge(result, TASK).verdict is NO_MATCH


@pytest.mark.parametrize(
    "result", ["true", "1", "-1", "'false'", "[0]", "{a => 0}", "[0].where($ = 0)"]
)
def test_what_python_holds_for_true_matches(result):
    assert _judge(result, TASK).verdict is MATCH


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 / 0", "division by zero"),
        ("$.workbook + 1", "'+' does not fit what it is given"),
        ("-$.workbook", "'-' does not fit what it is given"),
        ("$.payload.n['a']", "[] does not fit what it is given"),
        ("$.workbook < 3", "'<' does not fit what it is given"),
        ("len($.task.result)", "'len' does not fit what it is given"),
        ("$.payload.n.startsWith('a')", "'startsWith' does not fit what it is given"),
        ("$.workbook.name", "'name' is asked of something that has no members"),
        ("$.workbook.startswith('a')", "there is no method 'startswith'"),
        ("size($.workbook)", "there is no function 'size'"),
        ("regex('(')", "no regular expression"),
        ("$.payload.assert($.n > 5)", "an assertion failed"),
        ("int($.payload.secret)", "fails with ValueError"),
        ("def(f, f($)) -> f(1)", "calls itself too often"),
        ("'ab' * 100000000", "needs too much memory"),
        ("range(100000000)", "a list of over 10000 items"),
        ("$.lambda", "'lambda' is absent"),
        ("$.task.result.x", "'x' is asked of null"),
        ("$.task.items[7]", "'7' is beyond the list's end"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(text, reason):
    assert _judge(text, TASK).reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "$[$.payload.secret]",
        "call($.payload.secret, [], {})",
        "$.payload.foo()",
        "$.payload.startsWith('a')",
        "int($.payload.secret)",
        "$.payload.assert(false, $.secret)",
        "regex($.payload.secret + '(')",
    ],
)
def test_a_reason_never_quotes_the_event(text):
    judged = _judge(text, TASK)

    assert judged.verdict in {MISSING, ERROR}
    assert judged.reason
    assert "hunter2" not in judged.reason


@pytest.mark.parametrize(
    "text",
    [
        "$.__class__",
        "$.workbook.__class__",
        "$.workbook.format",
        "$.execution.__len__()",
        "eval('1')",
        "open('x')",
        "import('os')",
        "lambda($)",
        "$.keys().__class__",
    ],
)
def test_python_stays_out_of_reach(text):
    try:
        found = _judge(text, TASK).verdict
    except Unreadable:
        found = ERROR

    assert found in {MISSING, ERROR}


def test_what_one_evaluation_defines_is_unknown_to_the_next():
    assert _judge("def(f, 5) -> f(1) = 5", TASK).verdict is MATCH

    assert _judge("f(1) = 5", TASK).reason == "there is no function 'f'"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty; leave it out to hear every event"),
        (" \n", "is empty; leave it out to hear every event"),
        ("a" * 2001, "has 2001 characters; at most 2000"),
        ("1" * 65, "at character 1: a number of over 64 digits"),
        ("$.a == null", "at character 5: unexpected '=='; compare with ="),
        ("$.a === 1", "at character 5: unexpected '==='; compare with ="),
        ("$.a <> 1", "at character 5: unexpected '<>'; write !="),
        ("$.a => 1", "at character 5: unexpected '=>'; write >="),
        ("$.a && $.b", "at character 5: unexpected '&&'; write and"),
        ("$.a || $.b", "at character 5: unexpected '||'; write or"),
        ("$.a AND $.b", "at character 5: unexpected 'AND'; write and"),
        ("!$.a", "at character 1: unexpected '!'; write not"),
        ("$.a % 2", "at character 5: unexpected '%'; write mod"),
        ("$.a is null", "at character 5: unexpected 'is'; compare with = or !="),
        ("$.a := 1", f"at character 5: unexpected ':='; {ASSIGNS_NOTHING}"),
        ("$.a = 'x", 'at character 7: unexpected "\'"; this quote is never closed'),
        ("'\\N{nobody}'", "at character 2: unexpected '\\\\'; there is no such escape"),
        ("$.a ^ 2", "at character 5: unexpected '^'"),
        ("$.a)", "at character 4: unexpected ')'"),
        ("($.a", "at character 5: the expression stops here, unfinished"),
        ("$.a = ", "at character 6: the expression stops here, unfinished"),
        ("1 = task.name", "at character 5: 'task' stands alone; write $.task"),
        ("1 = $task.name", "at character 5: nothing sets '$task'; write $.task"),
        ("$.a = None", "at character 7: 'None' would be a text; write null"),
        ("$.a != TRUE", "at character 8: 'TRUE' would be a text; write true"),
        ("<% $.a %>", f"at character 1: unexpected '<%'; {WITHOUT_MARKS}"),
    ],
)
def test_a_condition_that_cannot_work_is_refused_with_its_place(text, reason):
    with pytest.raises(Invalid) as refused:
        parse(text)

    assert refused.value.field == "when"
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "text",
    ["(" * 64 + "1" + ")" * 64, " or ".join(["true"] * 65), "not " * 64 + "1"],
    ids=["brackets", "chain", "prefixes"],
)
def test_deep_nesting_is_refused(text):
    with pytest.raises(Invalid, match="nested over 64 levels deep"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 63 + "1" + ")" * 63,
        " or ".join(["false"] * 63 + ["true"]),
        "not " * 62 + "1",
        "let(a => " * 31 + "1" + ")" * 31,
        "$.task.items" + ".where(true)" * 60,
        "coalesce(" * 63 + "1" + ")" * 63,
    ],
    ids=["brackets", "chain", "prefixes", "lets", "wheres", "calls"],
)
def test_the_deepest_condition_that_is_accepted_can_be_judged(text):
    parse(text)

    assert _judge(text, TASK).verdict is MATCH


def test_a_refusal_leaves_nothing_behind():
    with pytest.raises(Invalid):
        parse("$.a = 'x")

    assert parse("$.a = 'x'").text == "$.a = 'x'"


def test_conditions_may_be_parsed_in_many_threads_at_once():
    texts = [f"$.a = {n} and ($.b = '{n}' or {n} in [1, 2])" for n in range(50)]
    failed = []

    def parse_all():
        try:
            for text in texts:
                parse(text)
        except Invalid as err:
            failed.append(err)

    threads = [threading.Thread(target=parse_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
