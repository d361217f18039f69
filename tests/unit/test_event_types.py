# SPDX-License-Identifier: Apache-2.0
"""The words that listeners may use for events."""

import pytest

from notifier.errors import InvalidEvent
from notifier.event_types import ALIASES, TYPES, check_type, expand, matches

COMPLETE = ("succeeded", "failed", "cancelled")


def meant_by(word):
    patterns = expand(word)
    return {one for one in TYPES if any(matches(pattern, one) for pattern in patterns)}


@pytest.mark.parametrize("kind", ["execution", "task"])
@pytest.mark.parametrize(
    ("moment", "whats"),
    [
        ("start", ["started"]),
        ("complete", COMPLETE),
        ("success", ["succeeded"]),
        ("error", ["failed"]),
    ],
)
def test_a_moment_stands_for_the_types_of_its_kind(kind, moment, whats):
    assert meant_by(f"on-{kind}-{moment}") == {f"{kind}.{what}" for what in whats}


def test_enter_and_exit_are_the_start_and_completion_of_a_task():
    assert meant_by("on-enter") == meant_by("on-task-start")
    assert meant_by("on-exit") == meant_by("on-task-complete")


@pytest.mark.parametrize(
    ("name", "event_type"),
    [
        ("WORKFLOW_LAUNCHED", "execution.started"),
        ("WORKFLOW_SUCCEEDED", "execution.succeeded"),
        ("WORKFLOW_FAILED", "execution.failed"),
        ("WORKFLOW_CANCELLED", "execution.cancelled"),
        ("WORKFLOW_PAUSED", "execution.paused"),
        ("WORKFLOW_RESUMED", "execution.resumed"),
        ("WORKFLOW_RERUN", "execution.rerun"),
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
def test_a_name_of_mistral_means_one_type(name, event_type):
    assert meant_by(name) == {event_type}


@pytest.mark.parametrize("kind", ["execution", "task"])
def test_a_group_means_every_type_of_its_kind_and_unheard_ones(kind):
    assert meant_by(kind.upper()) == {one for one in TYPES if one.startswith(kind)}
    assert matches(expand(kind.upper())[0], f"{kind}.word-of-its-own")


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_case_and_hyphens_do_not_matter(alias):
    assert expand(alias.upper().replace("-", "_")) == expand(alias) == ALIASES[alias]


def test_a_glob_reaches_over_kinds():
    assert meant_by("*.failed") == {"execution.failed", "task.failed"}
    assert meant_by("*") == set(TYPES)
    assert meant_by("task.re*") == {"task.resumed", "task.rerun", "task.retrying"}


def test_a_word_of_an_engines_own_is_a_type():
    assert expand("task.on_hold") == ("task.on_hold",)
    assert check_type("task.on_hold") == "task.on_hold"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("on-task-eror", "did you mean on-task-error?"),
        ("TASKS", "did you mean TASK?"),
        ("nonsense", "take a type"),
        ("", "take a type"),
        ("flow.*", "events"),
        ("task.failed\nx", "events"),
    ],
)
def test_an_unknown_word_is_refused_with_a_way_out(word, hint):
    with pytest.raises(InvalidEvent, match="is not a known event") as refused:
        expand(word)

    assert hint in str(refused.value)
