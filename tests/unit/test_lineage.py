# SPDX-License-Identifier: Apache-2.0
"""Which execution a Celery task belongs to, and what of it can be known."""

import pytest
from celery.app.task import Context

from notifier.engines.celery.lineage import HEADER, Lineage, Run, attempt


def a_run(name="shop.reserve", **known):
    return Run(name, Context({"id": "t1", **known}))


def step(task_id):
    return {"task": "shop.charge", "options": {"task_id": task_id}}


@pytest.mark.parametrize(
    ("message", "lineage"),
    [
        ({}, Lineage("t1", "shop.reserve", is_alone=True)),
        ({"root_id": "t1"}, Lineage("t1", "shop.reserve", is_alone=True)),
        ({"root_id": "t0"}, Lineage("t0")),
        ({"root_id": "t0", "group": "g1"}, Lineage("t0")),
        ({"root_id": "t1", "group": "g1"}, Lineage("g1")),
        ({"chord": {"task": "x"}}, Lineage("t1", "shop.reserve")),
        ({HEADER: Lineage("e1", "first").header}, Lineage("e1", "first")),
        ({HEADER: "no JSON", "root_id": "t0"}, Lineage("t0")),
        ({HEADER: '["no object"]', "root_id": "t0"}, Lineage("t0")),
        ({HEADER: {"execution": "e1"}, "root_id": "t0"}, Lineage("t0")),
    ],
)
def test_a_message_says_where_its_task_stands(message, lineage):
    assert Lineage.of("shop.reserve", {"id": "t1", **message}) == lineage


def test_what_waits_for_a_group_belongs_to_it():
    message = {"id": "t1", "root_id": "t1", "args": ["g1", {"task": "shop.total"}]}

    assert Lineage.of("celery.chord_unlock", message).execution == "g1"


def test_a_lineage_survives_the_header():
    lineage = Lineage("e1", "語", is_alone=True)

    assert Lineage.of("x", {HEADER: lineage.header}) == lineage


def test_a_task_on_its_own_starts_and_ends_its_execution():
    run = a_run()

    assert run.starts_execution
    assert run.ends_execution_if_it_succeeds
    assert run.ends_execution_if_it_fails


@pytest.mark.parametrize(
    ("known", "if_it_succeeds", "if_it_fails"),
    [
        ({"chain": [step("t3"), step("t2")]}, False, True),
        ({"callbacks": [step("t2")]}, False, True),
        ({"errbacks": [step("t2")]}, True, True),
        ({"chord": step("t2")}, False, False),
        ({"root_id": "t0"}, False, False),
        ({"group": "g1"}, False, False),
    ],
    ids=["chain", "callback", "errback", "chord", "child", "group"],
)
def test_an_end_is_known_only_where_nothing_can_be_left(
    known, if_it_succeeds, if_it_fails
):
    run = a_run(**known)

    assert run.ends_execution_if_it_succeeds is if_it_succeeds
    assert run.ends_execution_if_it_fails is if_it_fails


def test_the_next_of_a_chain_is_as_alone_as_the_one_before():
    run = a_run(chain=[step("t3"), step("t2")])

    assert run.sends("shop.charge", "t2") == run.lineage
    assert run.lineage.is_alone


def test_a_task_that_sends_out_another_is_not_alone_any_more():
    run = a_run(chain=[step("t2")])

    child = run.sends("shop.mail", "t9")
    following = run.sends("shop.charge", "t2")

    assert child == Lineage("t1", "shop.reserve")
    assert following == Lineage("t1", "shop.reserve")
    assert not run.ends_execution_if_it_fails


def test_a_task_for_errors_leaves_the_end_known():
    run = a_run(errbacks=[{"task": "shop.apologise"}])

    assert not run.sends("shop.apologise", "t9").is_alone
    assert run.ends_execution_if_it_fails


def test_a_task_that_is_tried_again_stays_where_it_was():
    run = a_run()

    assert run.sends("shop.reserve", "t1") == run.lineage
    assert run.has_gone_on
    assert run.ends_execution_if_it_succeeds


def test_only_the_first_attempt_starts_the_execution():
    assert not a_run(retries=1).starts_execution
    assert not a_run(replaced_task_nesting=1).starts_execution
    assert attempt({"retries": 2, "replaced_task_nesting": 1}) == 3
