# SPDX-License-Identifier: Apache-2.0
"""Real TaskFlow flows, and exactly what is told of them."""

import threading
from datetime import timedelta

from taskflow import engines, retry, states, task
from taskflow.patterns import graph_flow, linear_flow, unordered_flow

from notifier.engines.taskflow import TaskFlowListener
from notifier.errors import Refused
from notifier.notifier import Notifier
from notifier.publishers.memory import MemoryPublisher
from tests.integration.flows import (
    CannotBeUndone,
    Fails,
    FailsTwice,
    Works,
    errors,
    run,
    story,
)


def test_a_flow_that_ends_well(notifier, events):
    run(engines.load(linear_flow.Flow("fulfil").add(Works("a"), Works("b"))), notifier)

    assert story(events) == [
        "execution.started",
        "task.started a",
        "task.succeeded a",
        "task.started b",
        "task.succeeded b",
        "execution.succeeded",
    ]
    assert errors(events) == [None] * 6


def test_a_task_that_fails_lets_the_flow_be_undone(notifier, events):
    engine = engines.load(linear_flow.Flow("fulfil").add(Works("a"), Fails("charge")))

    run(engine, notifier)

    error = "RuntimeError: card declined"
    assert story(events) == [
        "execution.started",
        "task.started a",
        "task.succeeded a",
        "task.started charge",
        "task.failed charge",
        "task.reverting charge",
        "task.reverted charge",
        "task.reverting a",
        "task.reverted a",
        "execution.failed",
    ]
    assert errors(events) == [None] * 4 + [error] * 6
    assert events[4].data["task"]["error"] == error
    assert events[-1].data["execution"]["state"] == "REVERTED"


def test_a_revert_that_fails_ends_the_flow(notifier, events):
    flow = linear_flow.Flow("fulfil").add(CannotBeUndone("a"), Fails("charge"))

    run(engines.load(flow), notifier)

    assert story(events)[-3:] == [
        "task.reverting a",
        "task.revert-failed a",
        "execution.failed",
    ]
    assert errors(events)[-2:] == ["ValueError: too late"] * 2
    assert events[-1].data["execution"]["state"] == "FAILURE"


def test_a_retried_task_is_told_each_time(notifier, events):
    flow = linear_flow.Flow("fulfil", retry=retry.Times(3, "thrice"))

    run(engines.load(flow.add(FailsTwice("charge"))), notifier)

    attempt = [
        "task.started charge",
        "task.failed charge",
        "task.reverting charge",
        "task.reverted charge",
        "task.retrying thrice",
    ]
    assert story(events) == [
        "execution.started",
        *attempt,
        *attempt,
        "task.started charge",
        "task.succeeded charge",
        "execution.succeeded",
    ]
    first, second = "RuntimeError: attempt 1", "RuntimeError: attempt 2"
    assert errors(events) == [None] * 2 + [first] * 5 + [second] * 7
    assert events[5].data["task"]["error"] == first


def test_a_retry_controller_that_breaks_is_told(notifier, events):
    class Broken(retry.Times):
        def execute(self, *_, **__):
            raise ValueError("no history")

    flow = linear_flow.Flow("fulfil", retry=Broken(3, "broken")).add(Works("a"))

    run(engines.load(flow), notifier)

    assert story(events) == [
        "execution.started",
        "task.failed broken",
        "execution.failed",
    ]
    assert errors(events) == [None, "ValueError: no history", "ValueError: no history"]


def test_a_task_that_a_decider_leaves_out_is_skipped(notifier, events):
    flow = graph_flow.Flow("fulfil")
    first, second = Works("a"), Works("b")
    flow.add(first, second)
    flow.link(first, second, decider=lambda history: not history)

    run(engines.load(flow), notifier)

    assert story(events)[-2:] == ["task.skipped b", "execution.succeeded"]


def test_what_stands_in_a_sub_flow_belongs_to_the_execution(notifier, events):
    inner = linear_flow.Flow("inner").add(Works("b"))
    engine = engines.load(linear_flow.Flow("outer").add(Works("a"), inner))

    run(engine, notifier)

    assert story(events)[3:5] == ["task.started b", "task.succeeded b"]
    assert {event.execution_id for event in events} == {engine.storage.flow_uuid}
    assert {event.workflow for event in events} == {"outer"}


def test_tasks_that_run_side_by_side_are_each_told_in_order(notifier, events):
    meeting = threading.Barrier(4, timeout=20)

    class Meets(task.Task):
        def execute(self):
            meeting.wait()  # ends only if all four run at once

    flow = unordered_flow.Flow("fulfil").add(*(Meets(f"t{n}") for n in range(4)))
    engine = engines.load(flow, engine="parallel", executor="threaded", max_workers=4)

    run(engine, notifier)

    told = story(events)
    assert (told[0], told[-1]) == ("execution.started", "execution.succeeded")
    for n in range(4):
        mine = [one for one in told if one.endswith(f" t{n}")]
        assert mine == [f"task.started t{n}", f"task.succeeded t{n}"]
    assert len(told) == 10


def test_a_bus_that_refuses_does_not_hurt_the_flow(caplog):
    def refuse(_published):
        raise Refused("full")

    bus = MemoryPublisher()
    bus.bind("#", refuse)
    engine = engines.load(linear_flow.Flow("fulfil").add(Works("a")))

    run(engine, Notifier(bus, timeout=timedelta(seconds=1)))

    assert engine.storage.get_flow_state() == states.SUCCESS
    ours = [r for r in caplog.records if r.getMessage() == "event not published"]
    assert len(ours) == 4


def test_a_listener_that_is_left_tells_nothing_more(notifier, events):
    engine = engines.load(linear_flow.Flow("fulfil").add(Works("a")))

    with TaskFlowListener(engine, notifier):
        pass
    engine.run()

    assert events == []
