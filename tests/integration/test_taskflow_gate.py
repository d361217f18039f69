# SPDX-License-Identifier: Apache-2.0
"""Gated tasks on TaskFlow's own engines: who refuses keeps them from starting."""

import threading
from datetime import timedelta

import pytest
from taskflow import engines, task
from taskflow.patterns import linear_flow, unordered_flow

from notifier.engines.taskflow import TaskFlowGate, gated
from notifier.errors import CallRefused
from notifier.notifier import Notifier
from notifier.publishers.memory import MemoryPublisher
from notifier.wire.call import encode_reply
from tests.contract.callers import a_workbook, calling
from tests.integration.flows import story

TIMEOUT = timedelta(seconds=20)
SHORT = timedelta(seconds=0.3)


class Done:
    """What tasks have done, in order."""

    def __init__(self):
        self.names = []

    def task(self, name):
        """Return a task that notes that it was done, and when it was undone."""
        return task.FunctorTask(
            lambda: self.names.append(name),
            name=name,
            revert=lambda **_: self.names.append(f"undo {name}"),
        )


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    with calling("memory", tmp_path_factory.mktemp("gate")) as held:
        yield held


@pytest.fixture
def told(held):
    """The events that are told, in order."""
    events = []
    binding = held.caller.bind("#", lambda some: events.extend(e for e, _ in some))
    with binding:
        yield events


@pytest.fixture
def done():
    return Done()


@pytest.fixture
def workbook():
    return a_workbook()


def run(flow, notifier, kind="serial", **members):
    engine = engines.load(flow, engine=kind)
    with TaskFlowGate(engine, notifier, **members):
        engine.run()


@pytest.mark.parametrize("kind", ["serial", "parallel"])
def test_a_task_that_all_accept_runs(held, told, done, workbook, kind):
    held.listen(workbook, "/yes")
    flow = linear_flow.Flow("fulfil").add(
        done.task("reserve"), gated(done.task("charge"))
    )

    run(flow, Notifier(held.caller), kind, workbook=workbook, timeout=TIMEOUT)

    assert done.names == ["reserve", "charge"]
    assert story(told) == [
        "execution.started",
        "task.started reserve",
        "task.succeeded reserve",
        "task.started charge",
        "task.succeeded charge",
        "execution.succeeded",
    ]


@pytest.mark.parametrize("kind", ["serial", "parallel"])
def test_a_task_that_one_refuses_fails_and_the_flow_reverts(
    held, told, done, workbook, kind
):
    held.listen(workbook, "/no")
    flow = linear_flow.Flow("fulfil").add(
        done.task("reserve"), gated(done.task("charge"))
    )

    with pytest.raises(CallRefused, match="the shop is closed"):
        run(flow, Notifier(held.caller), kind, workbook=workbook, timeout=TIMEOUT)

    assert done.names == ["reserve", "undo charge", "undo reserve"]
    assert story(told)[3:5] == ["task.started charge", "task.failed charge"]
    assert "the shop is closed" in told[4].data["task"]["error"]


def test_only_gated_tasks_are_waited_for(held, done, workbook):
    held.listen(workbook, "/no")
    flow = linear_flow.Flow("fulfil").add(done.task("reserve"))

    run(flow, Notifier(held.caller), workbook=workbook)

    assert done.names == ["reserve"]


def test_a_class_of_tasks_can_be_gated_and_so_are_those_made_of_it(held, workbook):
    prepared = []

    @gated
    class Charge(task.Task):
        def execute(self):
            raise AssertionError("it has started")

    class Ship(Charge):
        def pre_execute(self):
            super().pre_execute()
            prepared.append(self.name)

    held.listen(workbook, "/no")
    for one in (Charge("charge"), Ship("ship")):
        with pytest.raises(CallRefused):
            run(one, Notifier(held.caller), workbook=workbook, timeout=TIMEOUT)

    assert prepared == []


def test_tasks_side_by_side_wait_side_by_side(done):
    """Each is asked before any is answered."""
    bus = MemoryPublisher()
    both = threading.Barrier(2, timeout=TIMEOUT.total_seconds())

    def answer(published):
        for _, message in published:
            if "correlation_id" in message.properties:
                both.wait()
                bus.reply(message.properties["correlation_id"], encode_reply(()))

    bus.bind("#", answer)
    flow = unordered_flow.Flow("fulfil").add(
        gated(done.task("reserve")), gated(done.task("charge"))
    )

    run(flow, Notifier(bus), "parallel", timeout=TIMEOUT)

    assert sorted(done.names) == ["charge", "reserve"]


@pytest.mark.parametrize("on_timeout", ["accept", "refuse"])
def test_without_a_bridge_the_gate_decides(done, on_timeout):
    bus = MemoryPublisher()
    bus.bind("#", lambda _: None)
    flow = linear_flow.Flow("fulfil").add(gated(done.task("charge")))
    members = {"timeout": SHORT, "on_timeout": on_timeout}

    if on_timeout == "accept":
        run(flow, Notifier(bus), **members)
        assert done.names == ["charge"]
    else:
        with pytest.raises(CallRefused, match="no bridge answered in time"):
            run(flow, Notifier(bus), **members)
        assert done.names == ["undo charge"]


def test_a_start_that_cannot_be_told_counts_as_no_answer(held, done):
    flow = linear_flow.Flow("fulfil").add(gated(done.task("charge")))

    with pytest.raises(CallRefused, match="its start could not be told"):
        run(flow, Notifier(held.caller, project=""), on_timeout="refuse")


def test_a_gated_task_without_a_gate_fails(done):
    engine = engines.load(gated(done.task("charge")))

    with pytest.raises(RuntimeError, match="run its engine within TaskFlowGate"):
        engine.run()

    assert done.names == ["undo charge"]


def test_a_gate_lets_go_of_its_tasks(held, done):
    charge = gated(done.task("charge"))

    run(charge, Notifier(held.caller), timeout=TIMEOUT)

    assert charge.workflow_gate is None
