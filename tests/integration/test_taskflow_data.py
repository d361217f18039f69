# SPDX-License-Identifier: Apache-2.0
"""What one event of a TaskFlow flow says."""

import pytest
from taskflow import engines
from taskflow.patterns import linear_flow

from notifier.engines.excerpt import MAX_ERROR_CHARS
from tests.integration.flows import Fails, Raises, Returns, Works, run


def test_an_event_says_all_that_taskflow_knows(notifier, events):
    engine = engines.load(linear_flow.Flow("fulfil").add(Works("a")))

    run(engine, notifier, workbook="orders", project="acme")

    flow = engine.storage.flow_uuid
    assert events[2].data == {
        "engine": "taskflow",
        "project": "acme",
        "workbook": "orders",
        "workflow": "fulfil",
        "execution": {"id": flow, "state": "RUNNING", "error": None},
        "task": {
            "id": engine.storage.get_atom_uuid("a"),
            "name": "a",
            "state": "SUCCESS",
            "error": None,
            "result": {"done": ["a"]},
        },
    }
    assert events[3].data["execution"] == {
        "id": flow,
        "state": "SUCCESS",
        "error": None,
    }
    assert events[3].source == "/engines/1"


def test_the_workflow_may_be_named_otherwise(notifier, events):
    engine = engines.load(linear_flow.Flow("flow").add(Works("a")))

    run(engine, notifier, workflow="fulfil")

    assert {event.workflow for event in events} == {"fulfil"}


def test_the_numbers_of_events_grow_in_the_order_of_events(notifier, events):
    run(engines.load(linear_flow.Flow("f").add(Works("a"), Fails("b"))), notifier)

    numbers = [event.attributes["sequence"] for event in events]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(events)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, {"result": None}),
        (7, {"result": 7}),
        ((1, "é"), {"result": [1, "é"]}),
        (object(), {"result_omitted": "cannot be written as JSON"}),
        (float("nan"), {"result_omitted": "cannot be written as JSON"}),
        (2**64, {"result_omitted": "cannot be written as JSON"}),
        ("\ud800", {"result_omitted": "cannot be written as JSON"}),
        ("x" * 20000, {"result_omitted": "20002 bytes; at most 16384"}),
    ],
    ids=["none", "number", "tuple", "object", "nan", "huge", "surrogate", "long"],
)
def test_a_result_is_told_if_it_is_small_and_json(notifier, events, value, told):
    run(engines.load(Returns(value)), notifier)

    said = events[2].data["task"]
    assert {k: v for k, v in said.items() if k.startswith("result")} == told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(), "ValueError"),
        (ValueError("\ud800"), "ValueError: ?"),
        (ValueError("x" * 9999), "ValueError: " + "x" * (MAX_ERROR_CHARS - 12) + "…"),
    ],
    ids=["empty", "surrogate", "long"],
)
def test_an_error_is_told_whatever_its_text(notifier, events, error, told):
    run(engines.load(Raises(error)), notifier)

    assert events[2].data["task"]["error"] == told
