# SPDX-License-Identifier: Apache-2.0
"""A workbook as listeners: who hears what, and is told how."""

from datetime import timedelta

import pytest

from bridge.errors import Invalid
from bridge.model import Batching, BearerAuth, Mode
from bridge.workbook.compiling import compiled
from bridge.workbook.reading import read
from tests.workbooks import KEYS, ORDERS, calling, document

SECRET = "whsec_" + "A" * 32
OTHER = "whsec_" + "B" * 32


def drafts(value, *, project="default"):
    found = value if not isinstance(value, dict) else read(value, {}).document
    return compiled(found, project, dict.fromkeys(found.services, SECRET)).drafts


def with_service(parameters=None, action="/success", entry="Logger:success"):
    """Return a workbook whose hook calls a service with these members."""
    value = calling(entry)
    logger = value["services"]["Logger"]
    logger["parameters"] |= {} if parameters is None else parameters
    logger["actions"] = {"success": action}
    return value


def callback(*args, **members):
    (draft,) = drafts(with_service(*args, **members)).values()
    return draft.callback


def refusal(value):
    with pytest.raises(Invalid) as refused:
        drafts(value)
    return str(refused.value)


def test_each_call_and_each_listener_has_a_key():
    assert set(drafts(document())) == KEYS


def test_an_entry_may_be_waited_for():
    entry = {"Logger:success": {"mode": "call", "on_timeout": "refuse"}}

    waited_for = callback(entry=entry)

    assert (waited_for.mode, waited_for.on_timeout) == (Mode.CALL, "refuse")
    assert callback().mode is Mode.CAST


def test_a_hook_hears_its_task_or_its_execution():
    found = drafts(document(), project="acme")

    charge = found["tasks/charge/on-exit/Logger:success"]
    assert (charge.project, charge.workbook, charge.workflow) == (
        "acme",
        "orders",
        None,
    )
    assert (charge.task, charge.events) == ("charge", ("on-task-complete",))
    assert charge.when == "$.execution.error = null"
    whole = found["workflow/on-exit/Logger:success"]
    assert (whole.task, whole.events) == (None, ("on-execution-complete",))
    assert whole.when is None


@pytest.mark.parametrize(
    ("moment", "task", "execution"),
    [
        ("on-enter", "on-task-start", "on-execution-start"),
        ("on-exit", "on-task-complete", "on-execution-complete"),
        ("on-success", "on-task-success", "on-execution-success"),
        ("on-error", "on-task-error", "on-execution-error"),
    ],
)
def test_each_moment_means_events_of_its_kind(moment, task, execution):
    value = calling("Logger:start", moment=moment)
    value["workflows"] = {"fulfil": {moment: "Logger:start"}}

    found = drafts(value)

    assert found[f"tasks/charge/{moment}/Logger:start"].events == (task,)
    own = found[f"workflows/fulfil/{moment}/Logger:start"]
    assert (own.events, own.workflow) == ((execution,), "fulfil")


def test_a_key_does_not_change_with_what_stands_around_it():
    one = calling(["Logger:start", "Logger:success"])
    other = calling(["ship", "Logger:success", "Logger:start"])

    assert set(drafts(one)) == set(drafts(other))


def test_the_same_call_may_stand_at_a_place_twice():
    value = calling([{"Logger:start": "$.a"}, {"Logger:start": "$.b"}])

    assert {key: one.when for key, one in drafts(value).items()} == {
        "tasks/charge/on-exit/Logger:start": "$.a",
        "tasks/charge/on-exit/Logger:start#2": "$.b",
    }


def test_names_with_slashes_make_no_key_that_another_has():
    value = calling("Logger:start")
    tasks = value["workflow"]["tasks"]
    tasks["a/on-exit"] = {"on-exit": "Logger:start"}
    tasks["a%2Fon-exit"] = {"on-exit": "Logger:start"}

    assert len(drafts(value)) == 3


@pytest.mark.parametrize(
    ("base", "url", "whole"),
    [
        ("http://h/log", "/success", "http://h/log/success"),
        ("http://h/log/", "success", "http://h/log/success"),
        ("http://h/log", "?a=b", "http://h/log?a=b"),
        ("http://h/log", None, "http://h/log"),
        ("http://h/log", "HTTPS://other/x", "HTTPS://other/x"),
        (None, "http://h/x", "http://h/x"),
    ],
)
def test_the_url_of_an_action_goes_on_where_the_service_begins(base, url, whole):
    found = callback({"baseUrl": base}, {"url": url})

    assert (found.url, found.method) == (whole, "POST")


def test_an_entry_goes_before_its_action_and_that_before_its_service():
    found = callback(
        {"headers": {"A": "1", "B": "1", "C": "1"}, "timeout": 10, "method": "PUT"},
        {"url": "/x", "headers": {"b": "2", "C": "2"}, "timeout_seconds": 20},
        {"Logger:success": {"headers": {"C": "3"}, "timeout_seconds": 30}},
    )

    assert dict(found.headers) == {"A": "1", "b": "2", "C": "3"}
    assert (found.method, found.timeout) == ("PUT", timedelta(seconds=30))


def test_a_service_says_what_a_listener_may():
    (found,) = drafts(
        with_service(
            {
                "auth": {"type": "bearer", "token": "t"},
                "retry": {"delays_seconds": [1]},
                "max_in_flight": 3,
                "secret": OTHER,
            }
        )
    ).values()

    assert found.callback.auth == BearerAuth("t")
    assert found.retry.delays == (timedelta(seconds=1),)
    assert (found.max_in_flight, found.secret) == (3, OTHER)


def test_calls_of_a_service_are_signed_with_its_one_secret():
    found = drafts(document())

    assert found.pop("listeners/ops pager").secret is None
    assert {one.secret for one in found.values()} == {SECRET}


def test_an_exchange_is_told_through_a_service_too():
    value = calling("Bus:done")
    value["services"]["Bus"] = {
        "type": "AMQP",
        "parameters": {"exchange": "billing"},
        "actions": {"done": {"routing_key": "orders.done"}},
    }

    (found,) = drafts(value).values()

    assert (found.callback.type, found.callback.exchange) == ("amqp", "billing")
    assert (found.callback.routing_key, found.callback.url) == ("orders.done", None)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (
            with_service({"baseUrl": None}),
            "services.Logger.actions.success.url: the service has no baseUrl",
        ),
        (
            with_service({"baseUrl": 7}),
            "services.Logger.parameters.baseUrl: must be a text",
        ),
        (with_service({"url": "/x"}), "services.Logger.parameters.url: means nothing"),
        (
            with_service({"header": {}}),
            "services.Logger.parameters.header: unknown field; did you mean headers?",
        ),
        (
            with_service({"headers": ["a"]}),
            "parameters.headers: must hold names and values",
        ),
        (
            with_service({"headers": {"A": 1}}),
            "parameters.headers.A: must be a valid string",
        ),
        (with_service({"headers": {"X-Key": "***"}}), "X-Key: has no value that could"),
        (with_service({"timeout": 0}), "parameters.timeout_seconds: must be greater"),
        (
            with_service({"retry": {"jitter": 2}}),
            "parameters.retry.jitter: must be less",
        ),
        (
            with_service({"auth": {"type": "x"}}),
            "parameters.auth.type: must be one of bearer",
        ),
        (
            with_service(entry={"Logger:success": {"timout": 1}}),
            "workflow.tasks.charge.on-exit.Logger:success.timout: unknown field; did",
        ),
    ],
    ids=range(11),
)
def test_what_cannot_be_is_told_in_the_words_of_the_workbook(value, reason):
    assert reason in refusal(value)


def test_a_service_may_be_called_in_batches():
    (draft,) = drafts(with_service({"format": "cloudevents-batch"})).values()

    assert draft.callback.batch == Batching()


@pytest.mark.parametrize(
    "parameters",
    [
        {"headers": {"X-Api-Key": "t0ps3cret"}},
        {"auth": {"type": "bearer", "token": "t0ps3cret"}},
        {"auth": {"type": "bearer", "token": "t0ps3cret"}, "baseUrl": None},
    ],
    ids=["header", "auth", "no home"],
)
def test_what_is_secret_of_a_service_is_not_sent_elsewhere(parameters):
    told = refusal(with_service(parameters, {"url": "http://evil.example/"}))

    assert "services.Logger.actions.success.url: leads elsewhere" in told
    assert "t0ps3cret" not in told


def test_what_is_not_secret_may_be():
    found = callback({"headers": {"X-Team": "ops"}}, {"url": "http://other.example/"})

    assert found.headers == {"X-Team": "ops"}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"workbook": "x"}, "listeners[0].workbook: must be 'orders', or left out"),
        ({"project": "x"}, "listeners[0].project: must be 'default', or left out"),
        ({"execution_id": "e1"}, "listeners[0].execution_id: a workbook outlives"),
        (
            {"callback": {"uri": "x"}},
            "listeners[0].callback.uri: unknown field; did you",
        ),
        ({"events": None}, "listeners[0].events: must be a valid list"),
        ({"rate_per_second": 0}, "listeners[0].rate_per_second: "),
    ],
    ids=range(6),
)
def test_a_listener_is_checked_as_the_api_does(members, reason):
    listener = {"events": ["TASK"], "callback": {"url": "http://h/"}, **members}

    assert reason in refusal({"name": "orders", "listeners": [listener]})


def test_a_listener_without_a_name_is_known_by_what_it_hears():
    def keys(*urls):
        listeners = [{"events": ["TASK"], "callback": {"url": url}} for url in urls]
        return list(drafts({"name": "orders", "listeners": listeners}))

    assert keys("http://a/", "http://b/") == list(
        reversed(keys("http://b/", "http://a/"))
    )
    first, second = keys("http://a/", "http://a/")
    assert second == f"{first}#2"


def test_too_many_are_refused():
    value = calling("Logger:start")
    for number in range(2001):
        value["workflow"]["tasks"][f"t{number}"] = {"on-exit": "Logger:start"}

    assert "makes 2002 listeners; at most 2000" in refusal(value)


def test_an_action_that_no_hook_calls_is_checked_too():
    told = refusal(document(ORDERS.replace("url: /start", "urk: /start")))

    assert "services.Logger.actions.start.urk: unknown field; did you mean url?" in told
