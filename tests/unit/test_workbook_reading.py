# SPDX-License-Identifier: Apache-2.0
"""What a workbook says of callbacks, and what it leaves to the engine."""

import pytest

from bridge.errors import Invalid
from bridge.workbook.document import Entry, Origin, Place
from bridge.workbook.reading import read
from bridge.workbook.yaml_text import parse
from tests.workbooks import ORDERS, VARS, calling, document, reading

CHARGE = Place(None, "charge", "on-exit")
SERVICES = {"Logger": {"type": "HTTP", "actions": {"start": {"url": "http://h/"}}}}


def entries(clause, **members):
    return read(calling(clause, **members), {}).document.hooks[CHARGE].entries


def refusal(value):
    with pytest.raises(Invalid) as refused:
        read(value, {})
    return str(refused.value)


def test_services_hooks_and_listeners_are_found():
    found = document()

    assert found.name == "orders"
    logger = found.services["Logger"]
    assert (logger.type, logger.origin) == ("http", Origin.FILE)
    assert logger.parameters["baseUrl"] == VARS["LoggerURL"]
    assert logger.parameters["headers"]["X-Api-Key"] == VARS["Key"]
    assert set(logger.actions) == {"start", "success", "error"}
    assert [str(place) for place in found.hooks] == [
        "workflow/on-exit",
        "tasks/charge/on-enter",
        "tasks/charge/on-exit",
        "tasks/charge/on-success",
    ]
    assert [one["name"] for one in found.listeners] == ["ops pager"]


def test_tasks_and_commands_of_the_engine_are_left_alone_and_told():
    told = [(str(one.place), one.entry) for one in reading().left_alone]

    assert told == [
        ("tasks/charge/on-success", "ship"),
        ("tasks/charge/on-success", "std:goto(refund)"),
        ("tasks/ship/on-error", "fail"),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        *("task2", "std:noop", "std:goto(task3)", "fail", "succeed", "pause", "noop"),
        *("fail msg='out: of stock'", "fail(msg='a:b')", {"ship": "<% $.x = 1 %>"}),
    ],
    ids=str,
)
def test_each_word_of_the_engine_is_left_alone(entry):
    value = read(calling([entry, "Logger:start"]), {})

    assert [str(one) for one in value.document.hooks[CHARGE].entries] == [
        "Logger:start"
    ]
    assert len(value.left_alone) == 1


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("Logger:start", [Entry("Logger", "start")]),
        (["Logger:start"], [Entry("Logger", "start")]),
        ([" Logger : start "], [Entry("Logger", "start")]),
        ({"Logger:start": None}, [Entry("Logger", "start")]),
        (
            {"Logger:start": "$.task != null", "Logger:success": "<% $.x %>"},
            [
                Entry("Logger", "start", "$.task != null"),
                Entry("Logger", "success", "$.x"),
            ],
        ),
        (
            [{"Logger:start": {"when": "<%$.x%>", "timeout_seconds": 5}}],
            [Entry("Logger", "start", "$.x", {"timeout_seconds": 5})],
        ),
    ],
    ids=["bare", "list", "blanks", "nothing", "conditions", "members"],
)
def test_an_entry_may_be_written_in_these_ways(clause, expected):
    assert list(entries(clause)) == expected


@pytest.mark.parametrize(
    ("clause", "reason"),
    [
        ("Loger:start", "there is no service Loger; did you mean Logger?"),
        ("Mailer:start", "there is no service Mailer; known are Logger"),
        ("Logger:strat", "the service Logger has no action strat; did you mean start?"),
        ({"Logger": "start"}, "which action? write Logger:ACTION, without a blank"),
        ({"Logger:start": True}, "must be a condition in YAQL"),
        ({"Logger:start": {"when": 1}}, "must be a condition in YAQL"),
        ({"Logger:start": {"url": "/x"}}, "url: belongs to the action"),
        (7, "must name a Service:action"),
        ([["Logger:start"]], "must be an entry, not a list"),
        (["Logger:start"] * 101, "calls 101; at most 100"),
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_is_refused(clause, reason):
    assert reason in refusal(calling(clause))


def test_a_service_called_at_a_moment_that_is_none_is_refused():
    told = refusal(calling("Logger:start", moment="on-sucess"))

    assert "workflow.tasks.charge.on-sucess: calls Logger:start" in told
    assert "did you mean on-success?" in told


def test_a_moment_of_the_engines_own_is_left_alone():
    found = read(calling(["ship", "other:thing"], moment="on-complete"), {})

    assert not found.document.hooks
    assert [one.entry for one in found.left_alone] == ["ship", "other:thing"]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"name": None}, "name: is missing"),
        ({"name": 7}, "name: must be a text"),
        ({"name": "orders*"}, "name: must hold no *"),
        ({"name": "a\nb"}, "name: must hold no control characters"),
        ({"name": "a" * 256}, "name: a name has 1 to 255 characters"),
        ({"version": "3.0"}, "version: must be '2.0'"),
        ({"sevices": {}}, "sevices: unknown field; did you mean services?"),
        ({"frobnicate": 1}, "frobnicate: unknown field; known are name,"),
        ({"Services": {}}, "Services: is there twice, with and without capitals"),
        ({"listeners": {}}, "listeners: must be a list"),
        ({"listeners": ["x"]}, "listeners[0]: must hold names and values"),
        ({"listeners": [{}] * 1001}, "listeners: holds 1001; at most 1000"),
        ({"services": []}, "services: must hold names and values"),
        ({"services": {"std": {}}}, "services.std: is the engine's own"),
        ({"services": {"a b": {}}}, "services.a b: the names of services"),
        ({"services": {"L": {}}}, "services.L.type: is missing; HTTP or AMQP"),
        ({"services": {"L": {"type": "FTP"}}}, "services.L.type: must be HTTP or AMQP"),
        (
            {"services": {"L": {"type": "HTTP", "baseUrl": "http://h"}}},
            "services.L.baseUrl: unknown field; parameters hold the rest",
        ),
        (
            {"services": {"L": {"type": "HTTP", "actions": {"a": 7}}}},
            "services.L.actions.a: must hold names and values",
        ),
        (
            {"services": {"L": {"type": "HTTP", "parameters": {1: 2}}}},
            "services.L.parameters: 1 is a name",
        ),
        ({"workflow": {"tasks": {1: {}}}}, "workflow.tasks: 1 is a name"),
    ],
    ids=str,
)
def test_what_no_workbook_may_say_is_refused_with_its_place(members, reason):
    value = {"name": "orders", "services": SERVICES, **members}

    assert reason in refusal(value)


def test_nothing_but_a_name_is_a_workbook():
    found = read({"name": "orders"}, {})

    assert (found.document.name, found.document.hooks) == ("orders", {})


def test_a_name_may_be_told_but_not_against_the_workbook():
    assert read({}, {}, name="orders").document.name == "orders"
    with pytest.raises(Invalid, match="name: is not 'x', which was asked for"):
        read({"name": "orders"}, {}, name="x")


def test_the_first_dsl_of_mistral_is_read():
    text = """
Services:
  Logger:
    type: HTTP
    parameters:
      baseUrl: {$.LoggerURL}
    actions:
      success:
        parameters: {url: /success, method: post}
Workflow:
  tasks:
    charge:
      on-exit: Logger:success
"""
    found = read(parse(text).value, VARS, name="orders").document

    assert found.services["Logger"].actions["success"].members == {
        "url": "/success",
        "method": "POST",
    }
    assert [str(place) for place in found.hooks] == ["tasks/charge/on-exit"]


@pytest.mark.parametrize("version", ["'2.0'", "2.0", "2"])
def test_the_clauses_of_a_mistral_v2_workbook_are_the_engines(version):
    text = f"""
version: {version}
name: orders
services:
  Logger: {{type: HTTP, parameters: {{baseUrl: 'http://h'}}, actions: {{start: /}}}}
workflows:
  fulfil:
    tasks:
      charge:
        action: std.noop
        on-success: [ship, Logger:start]
listeners:
  - {{events: [TASK], callback: {{url: 'http://127.0.0.1:9/'}}}}
"""
    found = reading(text)

    assert not found.document.hooks
    assert set(found.document.services) == {"Logger"}
    assert len(found.document.listeners) == 1
    (left,) = found.left_alone
    assert str(left.place) == "workflows/fulfil/tasks/charge/on-success"


def test_hooks_may_be_for_one_workflow():
    value = calling("Logger:start")
    value["workflows"] = {
        "fulfil": {**value.pop("workflow"), "on-enter": "Logger:start"}
    }

    places = list(read(value, {}).document.hooks)

    assert places == [
        Place("fulfil", None, "on-enter"),
        Place("fulfil", "charge", "on-exit"),
    ]
    assert [str(one) for one in places] == [
        "workflows/fulfil/on-enter",
        "workflows/fulfil/tasks/charge/on-exit",
    ]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"LogerURL": "http://h"},
            "baseUrl: nothing was given for {$.LoggerURL}; did you mean LogerURL?",
        ),
        ({}, "give it by --var LoggerURL=…"),
        ({"LoggerURL": "{$.Key}"}, "must not be filled with another"),
    ],
    ids=["near", "none", "nested"],
)
def test_a_variable_that_cannot_be_filled_is_refused_by_name(given, reason):
    with pytest.raises(Invalid) as refused:
        read(parse(ORDERS).value, given)

    assert reason in str(refused.value)


def test_variables_fill_parts_of_listeners_but_not_conditions():
    text = """
name: orders
listeners:
  - events: [TASK]
    when: "len({$.Key}) > 0"
    callback: {url: 'http://127.0.0.1:9/{$.Key}'}
"""
    (listener,) = document(text).listeners

    assert listener["callback"]["url"] == "http://127.0.0.1:9/t0ps3cret"
    assert listener["when"] == "len({$.Key}) > 0"


def test_variables_fill_the_members_of_an_entry():
    value = calling([{"Logger:success": {"headers": {"X-Team": "{$.Team}"}}}])

    (hook,) = read(value, {"Team": "ops"}).document.hooks.values()

    assert hook.entries[0].members["headers"] == {"X-Team": "ops"}


def test_what_json_has_not_is_refused():
    text = "name: orders\nlisteners: [{name: 2024-01-01}]"

    with pytest.raises(Invalid, match=r"listeners\[0\].name: is a date; put it in"):
        document(text)
