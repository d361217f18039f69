# SPDX-License-Identifier: Apache-2.0
"""Chains, groups and chords, and what is told of their executions."""

import uuid

from celery import chain, chord, group

from tests.integration.flows import story


def words(events, kind="task"):
    return sorted(story(one for one in events if one.kind == kind))


def test_a_chain_is_an_execution_with_start_and_end(shop):
    sent = chain(shop.task("add", 1), shop.task("add", 2), shop.task("add", 3)).delay()
    first = sent.parent.parent.id

    events = shop.told(first, 8)

    assert words(events) == sorted(
        3 * ["task.started shop.add", "task.succeeded shop.add"]
    )
    assert story(events)[0] == "execution.started"
    assert story(events)[-1] == "execution.succeeded"
    assert {event.workflow for event in events} == {"shop.add"}
    parents = [
        e.data["task"].get("parent_id") for e in events if e.type == "task.started"
    ]
    assert parents == [None, first, sent.parent.id]


def test_a_chain_fails_with_one_of_its_tasks(shop):
    sent = chain(shop.task("add", 1), shop.task("fails"), shop.task("add", 3)).delay()
    first = sent.parent.parent.id

    events = shop.told(first, 6)

    assert story(events)[-2:] == ["task.failed shop.fails", "execution.failed"]
    assert "shop.add" not in story(events)[-1]
    assert events[-1].data["execution"]["error"] == "RuntimeError: card declined"


def test_a_task_for_errors_comes_after_the_end(shop):
    failing = shop.task("fails")
    failing.link_error(shop.task("apologises"))
    sent = failing.apply_async()

    events = shop.told(sent.id, 6)

    assert words(events, "execution") == ["execution.failed", "execution.started"]
    assert "task.succeeded shop.apologises" in story(events)


def test_an_execution_whose_task_sent_out_another_has_no_known_end(shop):
    sent = shop.task("sends").apply_async()

    events = shop.told(sent.id, 5)

    assert words(events, "execution") == ["execution.started"]
    assert "task.succeeded shop.add" in story(events)
    assert {event.workflow for event in events} == {"shop.sends"}


def test_a_task_with_a_callback_has_no_known_end(shop):
    sent = shop.task("add", 1).apply_async(link=shop.task("add", 2))

    events = shop.told(sent.id, 5)

    assert words(events, "execution") == ["execution.started"]
    assert len(words(events)) == 4


def test_a_group_is_an_execution_by_its_own_id(shop):
    sent = group(shop.task("add", n) for n in range(3)).apply_async()

    events = shop.told(sent.id, 6)

    assert words(events, "execution") == []
    assert {e.data["task"]["group_id"] for e in events} == {sent.id}
    assert {e.task_id for e in events} == {one.id for one in sent.children}
    assert not any("workflow" in event.data for event in events)


def test_a_group_is_an_execution_by_a_root_that_its_sender_names(shop):
    root = str(uuid.uuid4())
    group(shop.task("add", n) for n in range(3)).apply_async(root_id=root)

    assert len(words(shop.told(root, 6))) == 6


def test_a_chords_body_belongs_to_its_group(shop):
    header = [shop.task("add", n) for n in range(2)]
    sent = chord(header)(shop.task("total"))

    events = shop.told(sent.parent.id, 6)

    assert story(events)[-2:] == [
        "task.started shop.total",
        "task.succeeded shop.total",
    ]
    assert events[-1].data["task"]["result"] == 1


def test_a_task_that_another_stands_in_for_is_one_task(shop):
    sent = shop.task("replaced").apply_async()

    events = shop.told(sent.id, 5)

    assert story(events) == [
        "execution.started",
        "task.started shop.replaced",
        "task.started shop.add",
        "task.succeeded shop.add",
        "execution.succeeded",
    ]
    assert {e.task_id for e in events if e.kind == "task"} == {sent.id}
