# SPDX-License-Identifier: Apache-2.0
"""Every state of a TaskFlow flow, its tasks and retries, where all of them are wanted."""

from taskflow import engines, retry, states
from taskflow.patterns import linear_flow, unordered_flow

from notifier.engines.taskflow import TaskFlowListener
from tests.integration.flows import Fails, FailsTwice, Suspends, Works, run, story


def test_a_retry_controller_tells_all_that_it_does(notifier, events):
    flow = linear_flow.Flow("fulfil", retry=retry.Times(2, "twice"))

    run(engines.load(flow.add(Fails("charge"))), notifier, every_state=True)

    attempt = [
        "task.started charge",
        "task.failed charge",
        "task.reverting charge",
        "task.reverted charge",
    ]
    assert story(events) == [
        "execution.started",
        "task.started twice",
        "task.succeeded twice",
        *attempt,
        "task.retrying twice",
        "task.pending charge",
        "task.started twice",
        "task.succeeded twice",
        *attempt,
        "task.reverting twice",
        "task.reverted twice",
        "execution.failed",
    ]


def test_a_flow_tells_what_it_is_about_to_do(notifier, events):
    pause = Suspends("pause")
    pause.engine = engines.load(linear_flow.Flow("fulfil").add(pause, Works("b")))

    run(pause.engine, notifier, every_state=True)

    assert [e.type for e in events if e.kind == "execution"] == [
        "execution.started",
        "execution.suspending",
        "execution.paused",
    ]


def test_a_flow_that_is_taken_up_tells_each_step(notifier, events):
    engine = engines.load(linear_flow.Flow("fulfil").add(Works("a")))
    engine.storage.set_flow_state(states.RUNNING)  # as a killed process leaves it

    run(engine, notifier, every_state=True)

    assert [e.type for e in events if e.kind == "execution"] == [
        "execution.resuming",
        "execution.suspended",
        "execution.resumed",
        "execution.succeeded",
    ]


def test_a_flow_that_is_run_once_more_waits_first(notifier, events):
    engine = engines.load(linear_flow.Flow("fulfil").add(Works("a")))

    with TaskFlowListener(engine, notifier, every_state=True):
        engine.run()
        engine.reset()
        engine.run()

    assert story(events)[4:7] == [
        "task.pending a",
        "execution.pending",
        "execution.rerun",
    ]


def test_a_task_names_the_sub_flow_that_holds_it(notifier, events):
    innermost = linear_flow.Flow("innermost").add(Works("c"))
    again = retry.Times(3, "again")
    inner = unordered_flow.Flow("inner", retry=again).add(FailsTwice("b"), innermost)

    run(engines.load(linear_flow.Flow("outer").add(Works("a"), inner)), notifier)

    told = {e.task_name: e.data["task"].get("flow") for e in events if e.task_name}
    assert told == {"a": None, "b": "inner", "c": "innermost", "again": "inner"}
