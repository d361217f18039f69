# SPDX-License-Identifier: Apache-2.0
"""What is known of one of Mistral's executions from all that was told of it before."""

from notifier.engines.mistral.memory import Memory
from tests.notices import errors, of_execution, of_task, only, told

STORY = (
    of_execution(),
    of_task("TASK_LAUNCHED", "RUNNING"),
    of_task("TASK_FAILED", "ERROR", state_info="declined"),
    of_task(None, "DELAYED", state_info="Delayed by 'retry' policy"),
    of_task("TASK_SUCCEEDED", "SUCCESS"),
    of_execution("WORKFLOW_SUCCEEDED", "SUCCESS"),
    of_execution("WORKFLOW_RERUN"),
    of_execution("WORKFLOW_FAILED", "ERROR", state_info="all is lost"),
)


def test_the_latest_error_goes_with_what_follows_until_it_is_run_again():
    assert errors(*STORY, alone=True) == [
        *(None, None),
        *("declined", "declined", "declined", "declined"),
        *(None, "all is lost"),
    ]


def test_where_others_tell_too_that_there_was_no_error_is_said_at_a_start_only():
    assert errors(*STORY) == [
        *(None, "?"),
        *("declined", "declined", "declined", "declined"),
        *(None, "all is lost"),
    ]


def test_of_an_execution_whose_start_was_not_seen_no_error_is_known():
    assert errors(of_task("TASK_LAUNCHED", "RUNNING"), alone=True) == ["?"]


def test_the_longest_unheard_of_execution_is_forgotten():
    memory = Memory(alone=True, size=2)
    for name in ("e1", "e2", "e1", "e3"):
        memory.learn(of_execution(id=name))

    assert memory.learn(of_task(workflow_execution_id="e1")).root_id == "e1"
    assert memory.learn(of_task(workflow_execution_id="e2")).root_id != "e2"


def test_a_root_is_its_own_and_has_no_parent():
    execution = only(of_execution()).data["execution"]

    assert execution == {
        "id": "e1",
        "root_id": "e1",
        "parent_id": None,
        "state": "RUNNING",
        "error": None,
    }


def test_a_sub_workflow_has_a_root_and_where_its_caller_was_seen_a_parent():
    call = of_task("TASK_LAUNCHED", "RUNNING", id="t0", type="WORKFLOW")
    inner = of_execution(id="e2", task_execution_id="t0", root_execution_id="e0")
    work = of_task("TASK_LAUNCHED", "RUNNING", workflow_execution_id="e2")

    for event in told(call, inner, work)[1:]:
        assert event.execution_ids == ("e2", "e1", "e0")
    assert "parent_id" not in only(inner).data["execution"]


def test_of_a_task_alone_neither_root_nor_parent_nor_state_of_its_execution_is_known():
    execution = only(of_task("TASK_LAUNCHED", "RUNNING")).data["execution"]

    assert execution == {"id": "e1"}
