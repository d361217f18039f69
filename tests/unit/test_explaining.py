# SPDX-License-Identifier: Apache-2.0
"""Why an event is for a listener or not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.conditions.verdict import MATCH, Judgement, Verdict
from bridge.routing.explaining import explain
from notifier.event import Event
from tests.stored import NOW, a_listener

EVENT = Event.new(
    "task.succeeded",
    execution={"id": "e2", "root_id": "e1"},
    task={"id": "t1", "name": "charge"},
    workbook="orders-eu",
)


def told(listener, event=EVENT, judgement=None):
    """Each criterion as a person would read it."""
    received_at = listener.created_at + timedelta(seconds=1)
    found = explain(listener, event, received_at=received_at, judgement=judgement)
    return {one.name: (one.wanted, one.found, one.holds) for one in found.criteria}


def test_what_the_listener_asks_for_stands_beside_what_the_event_has():
    listener = replace(a_listener(), events=("on-task-error",), workbook="orders*")

    found = told(listener)

    assert found["workbook"] == ("orders*", "orders-eu", True)
    assert found["events"] == ("on-task-error", "task.succeeded", False)


def test_nothing_is_said_of_what_the_listener_does_not_ask_for():
    assert set(told(a_listener())) == {"enabled", "registered", "project", "events"}


@pytest.mark.parametrize(
    ("members", "name", "found", "holds"),
    [
        ({"task": "charge"}, "task", "charge, t1", True),
        ({"task": "t1"}, "task", "charge, t1", True),
        ({"task": "refund"}, "task", "charge, t1", False),
        ({"execution_id": "e1"}, "execution_id", "e2, e1", True),
        ({"execution_id": "e3"}, "execution_id", "e2, e1", False),
        ({"workflow": "*"}, "workflow", None, False),
        ({"project": "acme"}, "project", "default", False),
        ({"enabled": False}, "enabled", "disabled", False),
        ({"filters": ({"sql": "EXISTS workbook"},)}, "filters[0]", "passes", True),
        ({"filters": ({"exact": {"type": "x"}},)}, "filters[0]", "stops", False),
    ],
)
def test_each_wish_is_put_to_the_event(members, name, found, holds):
    listener = replace(a_listener(), **members)

    _, got, fits = told(listener)[name]

    assert (got, fits) == (found, holds)


def test_a_listener_hears_nothing_of_what_came_before_it():
    late = replace(a_listener(), created_at=NOW + timedelta(hours=1))

    found = explain(late, EVENT, received_at=NOW, judgement=None)

    assert [one.name for one in found.criteria if not one.holds] == ["registered"]
    assert not found.matches


@pytest.mark.parametrize(
    ("judgement", "holds"),
    [(MATCH, True), (Judgement(Verdict.MISSING, "no payload"), False)],
)
def test_a_condition_says_what_was_found_and_why(judgement, holds):
    listener = replace(a_listener(), events=("TASK",), when="$.payload.total > 10")

    found = explain(
        listener, EVENT, received_at=listener.created_at, judgement=judgement
    )

    last = found.criteria[-1]
    assert (last.name, last.holds, last.reason) == ("when", holds, judgement.reason)
    assert found.matches is holds
