# SPDX-License-Identifier: Apache-2.0
"""Single tasks, and exactly what a worker tells of them."""

import pytest

from tests.integration.flows import story


def test_an_event_says_all_that_celery_knows(shop):
    sent = shop.task("add", 3, 4).apply_async()

    events = shop.told(sent.id, 4)

    assert story(events) == [
        "execution.started",
        "task.started shop.add",
        "task.succeeded shop.add",
        "execution.succeeded",
    ]
    assert events[2].data == {
        "engine": "celery",
        "project": "conformance",
        "workbook": "trial",
        "workflow": "shop.add",
        "execution": {"id": sent.id, "error": None},
        "task": {
            "id": sent.id,
            "name": "shop.add",
            "state": "SUCCESS",
            "retries": 0,
            "error": None,
            "result": 7,
        },
    }
    assert events[3].data["execution"] == {"id": sent.id, "error": None}
    assert {event.source for event in events} == {"/shop/celery"}


def test_a_task_that_fails_ends_its_execution(shop):
    sent = shop.task("fails").apply_async()

    events = shop.told(sent.id, 4)

    assert story(events)[2:] == ["task.failed shop.fails", "execution.failed"]
    error = "RuntimeError: card declined"
    assert events[2].data["task"]["error"] == error
    assert [e.data["execution"]["error"] for e in events] == [None, None, error, error]


def test_a_retried_task_is_told_each_time(shop):
    sent = shop.task("performs", "retried", 2, "hunter2-never-told").apply_async()

    events = shop.told(sent.id, 6)

    assert story(events) == [
        "execution.started",
        "task.started shop.performs",
        "task.retrying shop.performs",
        "task.started shop.performs",
        "task.succeeded shop.performs",
        "execution.succeeded",
    ]
    retries = [e.data["task"]["retries"] for e in events if e.kind == "task"]
    assert retries == [0, 0, 1, 1]
    assert "card declined" in events[2].data["task"]["error"]
    assert "error" not in events[4].data["execution"]  # another process may have run it


def test_an_ignored_task_has_a_word_of_its_own(shop):
    sent = shop.task("ignored").apply_async()

    assert story(shop.told(sent.id, 3))[2:] == ["task.ignored shop.ignored"]


def test_a_rejected_task_is_told(shop):
    sent = shop.task("rejected").apply_async()

    assert "task.rejected shop.rejected" in story(shop.told(sent.id, 3))


def test_a_task_that_nobody_knows_fails(shop):
    sent = shop.task("forgotten").apply_async()

    events = shop.told(sent.id, 2)

    assert story(events) == ["task.failed shop.forgotten", "execution.failed"]
    assert events[0].data["task"]["error"] == "NotRegistered: shop.forgotten"


def test_a_task_that_kills_its_process_fails(shop):
    sent = shop.task("dies").apply_async()

    events = shop.told(sent.id, 4)

    assert story(events)[1:] == [
        "task.started shop.dies",
        "task.failed shop.dies",
        "execution.failed",
    ]
    assert events[2].data["task"]["error"].startswith("WorkerLostError: ")


def test_a_task_beyond_its_time_limit_fails(shop):
    sent = shop.task("waits").apply_async(time_limit=0.3)

    events = shop.told(sent.id, 4)

    assert story(events)[2:] == ["task.failed shop.waits", "execution.failed"]
    assert events[2].data["task"]["error"].startswith("TimeLimitExceeded: ")


def test_a_task_that_was_stopped_is_cancelled(shop):
    sent = shop.task("waits").apply_async()
    shop.told(sent.id, 2)

    sent.revoke(terminate=True)
    events = shop.told(sent.id, 4)

    assert story(events)[2:] == ["task.cancelled shop.waits", "execution.cancelled"]
    assert events[2].data["task"]["reason"] == "terminated"


@pytest.mark.parametrize("reason", ["revoked", "expired"])
def test_a_task_that_never_ran_is_cancelled(shop, reason):
    if reason == "revoked":
        sent = shop.task("add", 1).apply_async(countdown=0.5)
        sent.revoke()
    else:
        sent = shop.task("add", 1).apply_async(countdown=0.3, expires=0.1)

    events = shop.told(sent.id, 2)

    assert story(events) == ["task.cancelled shop.add", "execution.cancelled"]
    assert events[0].data["task"]["reason"] == reason
