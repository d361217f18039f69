# SPDX-License-Identifier: Apache-2.0
"""What becomes of a notice of Mistral's, without Mistral."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from notifier.engines.excerpt import MAX_ERROR_CHARS
from tests.notices import MOMENT, SECOND, of_execution, of_task, only, told
from tests.pages import Page


@pytest.mark.parametrize(
    ("event", "event_type"),
    [
        ("WORKFLOW_LAUNCHED", "execution.started"),
        ("WORKFLOW_SUCCEEDED", "execution.succeeded"),
        ("WORKFLOW_FAILED", "execution.failed"),
        ("WORKFLOW_CANCELLED", "execution.cancelled"),
        ("WORKFLOW_PAUSED", "execution.paused"),
        ("WORKFLOW_RESUMED", "execution.resumed"),
        ("WORKFLOW_RERUN", "execution.rerun"),
    ],
)
def test_mistrals_names_for_executions_are_ours_one_to_one(event, event_type):
    assert only(of_execution(event)).type == event_type


@pytest.mark.parametrize(
    ("event", "event_type"),
    [
        ("TASK_LAUNCHED", "task.started"),
        ("TASK_SUCCEEDED", "task.succeeded"),
        ("TASK_FAILED", "task.failed"),
        ("TASK_CANCELLED", "task.cancelled"),
        ("TASK_PAUSED", "task.paused"),
        ("TASK_RESUMED", "task.resumed"),
        ("TASK_RERUN", "task.rerun"),
        ("TASK_SKIPPED", "task.skipped"),
    ],
)
def test_mistrals_names_for_tasks_are_ours_one_to_one(event, event_type):
    assert only(of_task(event)).type == event_type


def test_a_name_that_is_new_in_mistral_is_told_in_its_own_word():
    assert only(of_task("TASK_POSTPONED")).type == "task.postponed"


@pytest.mark.parametrize(
    ("notice", "event_type"),
    [
        (of_task(None, "DELAYED"), "task.delayed"),
        (of_task(None, "IDLE"), "task.idle"),
        (of_execution(None, "IDLE"), "execution.idle"),
    ],
    ids=["delayed", "idle", "execution"],
)
def test_a_change_that_has_no_name_is_told_by_its_state(notice, event_type):
    assert only(notice).type == event_type


@pytest.mark.parametrize(
    ("name", "workbook", "workflow"),
    [
        ("orders.fulfil", "orders", "fulfil"),
        ("my.orders.fulfil", "my.orders", "fulfil"),
        ("fulfil", None, "fulfil"),
        (".fulfil", None, ".fulfil"),
        ("fulfil.", None, "fulfil."),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_workflow_of_a_workbook_is_named_after_both(name, workbook, workflow):
    event = only(of_task(workflow_name=name))

    assert (event.workbook, event.workflow) == (workbook, workflow)
    assert ("workbook" in event.data) == (workbook is not None)
    assert ("workflow" in event.data) == (workflow is not None)


@pytest.mark.parametrize("told_project", ["<default-project>", "", None])
def test_without_sign_in_the_project_is_what_is_set_or_left_out(told_project):
    notice = of_task(project_id=told_project)

    assert "project" not in only(notice).data
    assert only(notice, project="lab").project == "lab"


def test_mistrals_project_goes_before_what_is_set():
    assert only(of_task(), project="lab").project == "acme"


def test_a_tasks_error_is_its_state_info_in_the_state_error():
    event = only(of_task(state_info="card declined"))

    assert event.data["task"]["error"] == "card declined"
    assert event.data["execution"]["error"] == "card declined"


@pytest.mark.parametrize("state", ["RUNNING", "SUCCESS", "SKIPPED"])
def test_a_task_that_does_not_fail_has_no_error_whatever_it_remarks(state):
    event = only(of_task("TASK_RERUN", state, state_info="a remark"))

    assert event.data["task"]["error"] is None


@pytest.mark.parametrize("state", ["DELAYED", "IDLE", "PAUSED", "CANCELLED"])
def test_between_its_attempts_nothing_is_said_of_a_tasks_error(state):
    event = only(of_task(None, state, state_info="Delayed by 'retry' policy"))

    assert "error" not in event.data["task"]


def test_a_failure_without_a_word_leaves_the_error_out():
    event = only(of_execution(), of_task(state_info=None), alone=True)

    assert "error" not in event.data["task"]
    assert "error" not in event.data["execution"]


def test_a_long_error_is_cut():
    event = only(of_task(state_info="x" * 1_000_000))

    assert event.data["task"]["error"] == "x" * MAX_ERROR_CHARS + "…"
    assert event.data["payload"]["state_info"] == event.data["task"]["error"]


@pytest.mark.parametrize(
    ("timestamp", "time"),
    [
        (MOMENT, MOMENT.replace(tzinfo=UTC)),
        ("2026-11-24T08:46:23.123456", MOMENT.replace(tzinfo=UTC)),
        ("2026-11-24 08:46:23", SECOND.replace(tzinfo=UTC)),
        ("2026-11-24T08:46:23.000000", SECOND.replace(tzinfo=UTC)),
        (None, datetime(1970, 1, 1, microsecond=1, tzinfo=UTC)),
    ],
    ids=["local", "remote", "str", "whole", "none"],
)
def test_the_time_is_mistrals_or_where_it_has_none_our_own(timestamp, time):
    assert only(of_task(at=timestamp)).time == time


def test_all_that_mistral_says_is_in_the_payload():
    notice = of_task(state_info="declined", workflow_namespace="ns")

    assert only(notice).data["payload"] == {**notice.data, "event": "TASK_FAILED"}


def test_the_same_change_has_the_same_id_from_local_and_remote():
    local, remote = told(of_task(), of_task(at="2026-11-24T08:46:23.123456"))

    assert local.id == remote.id
    assert uuid.UUID(local.id)


@pytest.mark.parametrize(
    "other",
    [
        of_task(at=MOMENT + timedelta(microseconds=1)),
        of_task("TASK_SUCCEEDED"),
        of_task(id="t2"),
        of_task(workflow_execution_id="e2"),
        of_execution("WORKFLOW_FAILED", "ERROR"),
    ],
    ids=["time", "event", "task", "execution", "kind"],
)
def test_another_change_has_another_id(other):
    first, second = told(of_task(), other)

    assert first.id != second.id


def test_two_retries_in_one_whole_second_have_two_ids():
    first, second = told(of_task(at=SECOND), of_task(at=SECOND))

    assert first.id != second.id


def test_the_page_has_mistrals_words_as_they_are_told():
    for name, event_type in Page("docs/how-to/mistral.md").table("Mistral", "event"):
        kind = of_execution if event_type.startswith("execution.") else of_task
        if name.startswith("no name"):
            notice = kind(None, name.rpartition(" ")[2])
        else:
            notice = kind(name)

        assert only(notice).type == event_type
