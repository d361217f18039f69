# SPDX-License-Identifier: Apache-2.0
"""What a real Mistral does is told on the exchange and at a webhook, all of it."""

import json

import pytest

from tests.mistral.conftest import PAGE

ENDS_WELL = ["started", "succeeded"]
ENDS_BADLY = ["started", "failed"]


def both(stage, execution, story):
    """Return what was told at the exchange and at the webhook, once it is the story."""
    return stage.bus.hears(execution, story), stage.hook.hears(execution, story)


@pytest.mark.parametrize(
    ("workflow", "state", "story"),
    [
        (
            "good",
            "SUCCESS",
            {"": ENDS_WELL, "reserve": ENDS_WELL, "charge": ENDS_WELL},
        ),
        ("orders.fulfil", "SUCCESS", {"": ENDS_WELL, "charge": ENDS_WELL}),
        ("bad", "ERROR", {"": ENDS_BADLY, "reserve": ENDS_WELL, "charge": ENDS_BADLY}),
        (
            "handled",
            "SUCCESS",
            {"": ENDS_WELL, "charge": ENDS_BADLY, "apologise": ENDS_WELL},
        ),
        ("listed", "SUCCESS", {"": ENDS_WELL, "each": ENDS_WELL}),
        (
            "joined",
            "SUCCESS",
            {
                "": ENDS_WELL,
                "left": ENDS_WELL,
                "right": ENDS_WELL,
                # as Mistral tells the first start of a join
                "both": ["resumed", "succeeded"],
            },
        ),
        (
            "retried",
            "ERROR",
            {
                "": ENDS_BADLY,
                "flaky": [*ENDS_BADLY, "delayed"] * 2 + ENDS_BADLY,
            },
        ),
        (
            "waiting_before",
            "SUCCESS",
            {"": ENDS_WELL, "slow": ["started", "delayed", *ENDS_WELL]},
        ),
        (
            "waiting_after",
            "SUCCESS",
            {"": ENDS_WELL, "slow": [*ENDS_WELL, "delayed", "succeeded"]},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_all_that_happens_is_told(stage, workflow, state, story):
    execution = stage.mistral.finish(workflow, state=state)

    at_bus, at_hook = both(stage, execution, story)

    assert at_bus == story
    assert at_hook == story


def test_a_pause_before_a_task_is_told_and_that_it_goes_on(stage):
    story = {
        "": ["started", "paused", "resumed", "succeeded"],
        "first": ENDS_WELL,
        "second": ["started", "idle", "resumed", "succeeded"],
    }

    execution = stage.mistral.finish("stopping_before", state="PAUSED")
    stage.mistral.set_state(execution, "RUNNING")

    assert both(stage, execution, story) == (story, story)


def test_a_pause_by_hand_and_a_cancelling_are_told_and_what_ends_after_it(stage):
    story = {
        "": ["started", "paused", "resumed", "cancelled"],
        "hold": ["started", "succeeded"],
    }
    execution = stage.mistral.run("held")
    stage.mistral.task(execution, "hold")
    ((_, action),) = stage.mistral.waiting(execution)

    for state in ("PAUSED", "RUNNING", "CANCELLED"):
        stage.mistral.set_state(execution, state)
        stage.mistral.wait_for(execution, state)
    stage.mistral.complete(action)

    assert both(stage, execution, story) == (story, story)


def test_a_rerun_and_a_skipped_task_are_told(stage):
    execution = stage.mistral.finish("bad", state="ERROR")
    task = stage.mistral.task(execution, "charge")
    story = {"": ENDS_BADLY, "reserve": ENDS_WELL, "charge": ENDS_BADLY}
    assert both(stage, execution, story) == (story, story)

    stage.mistral.set_task_state(task, "RUNNING", reset=True)
    story[""] = [*story[""], "rerun", "failed"]
    story["charge"] = [*story["charge"], "rerun", "failed"]
    assert both(stage, execution, story) == (story, story)

    stage.mistral.set_task_state(task, "SKIPPED")
    story[""] = [*story[""], "rerun", "succeeded"]
    story["charge"] = [*story["charge"], "skipped"]
    assert both(stage, execution, story) == (story, story)


def test_a_sub_workflow_tells_its_root_and_its_parent(stage):
    outer = stage.mistral.finish("outer")
    stage.bus.hears(outer, {"": ENDS_WELL, "call": ENDS_WELL})
    called = [
        one
        for one in stage.bus.events
        if one.data["execution"].get("parent_id") == outer
    ]
    inner = called[0].execution_id
    story = {"": ENDS_WELL, "work": ENDS_WELL}

    assert both(stage, inner, story) == (story, story)
    assert [one.data["execution"]["root_id"] for one in stage.bus.of(inner)] == [
        outer
    ] * 4
    assert {one.data["execution"]["root_id"] for one in stage.bus.of(outer)} == {outer}
    assert {one.data["execution"]["parent_id"] for one in stage.bus.of(outer)} == {None}


def test_an_event_says_what_mistral_knows_and_no_more(stage):
    execution = stage.mistral.finish("orders.fulfil")
    stage.bus.hears(execution, {"": ENDS_WELL, "charge": ENDS_WELL})

    (event,) = [one for one in stage.bus.of(execution) if one.type == "task.succeeded"]
    task = stage.mistral.task(execution, "charge")
    payload = event.data.pop("payload")
    assert event.routing_key == "task.succeeded.default.orders.fulfil.charge"
    assert event.data == {
        "engine": "mistral",
        "workbook": "orders",
        "workflow": "fulfil",
        "execution": {
            "id": execution,
            "root_id": execution,
            "parent_id": None,
            "error": None,
        },
        "task": {"id": task, "name": "charge", "state": "SUCCESS", "error": None},
    }
    assert payload["event"] == "TASK_SUCCEEDED"
    assert payload["workflow_name"] == "orders.fulfil"


def test_the_latest_error_within_an_execution_goes_with_all_that_follows(stage):
    execution = stage.mistral.finish("bad", state="ERROR")
    story = {"": ENDS_BADLY, "reserve": ENDS_WELL, "charge": ENDS_BADLY}
    stage.bus.hears(execution, story)

    errors = [one.data["execution"]["error"] for one in stage.bus.of(execution)]
    assert errors[:4] == [None] * 4
    assert errors[4] == "card declined"
    assert "card declined" in errors[5]


def test_a_user_may_name_the_publisher_for_one_execution(stage):
    story = {"": ENDS_WELL, "charge": ENDS_WELL}
    start = json.loads(PAGE.block("json"))

    execution = stage.mistral.run(start["workflow_name"], **start["params"])

    assert both(stage, execution, story) == (story, story)
    named = start["params"]["notify"]
    assert stage.mistral.publishers(execution) == [*named, {"type": "amqp"}]


def test_nothing_was_told_twice(stage):
    """Whatever was told so far, whichever tests ran before."""
    execution = stage.mistral.finish("good")
    story = {"": ENDS_WELL, "reserve": ENDS_WELL, "charge": ENDS_WELL}
    assert both(stage, execution, story) == (story, story)

    for witness in (stage.bus, stage.hook):
        ids = [one.id for one in witness.events]
        assert len(ids) == len(set(ids))
