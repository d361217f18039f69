# SPDX-License-Identifier: Apache-2.0
"""TaskFlow flows that stop and go on, in this process or another one."""

import contextlib

import pytest
from taskflow import engines, retry, states
from taskflow.patterns import linear_flow
from taskflow.persistence.backends import impl_memory

from notifier.engines.taskflow import TaskFlowListener
from tests.integration.flows import FailsTwice, Suspends, Works, errors, run, story


def test_a_flow_is_paused_and_goes_on(notifier, events):
    pause = Suspends("pause")
    pause.engine = engines.load(linear_flow.Flow("fulfil").add(pause, Works("b")))

    run(pause.engine, notifier)
    paused = story(events)
    run(pause.engine, notifier)

    assert paused == [
        "execution.started",
        "task.started pause",
        "task.succeeded pause",
        "execution.paused",
    ]
    assert events[2].data["execution"]["state"] == "SUSPENDING"
    assert story(events)[4:] == [
        "execution.resumed",
        "task.started b",
        "task.succeeded b",
        "execution.succeeded",
    ]


def test_a_flow_that_ended_is_run_once_more(notifier, events):
    engine = engines.load(linear_flow.Flow("fulfil").add(FailsTwice("charge")))

    with TaskFlowListener(engine, notifier):
        with pytest.raises(RuntimeError):
            engine.run()
        with pytest.raises(RuntimeError):
            engine.run()

    told = story(events)
    assert told.count("execution.started") == 1
    assert told[6:8] == ["execution.rerun", "task.started charge"]
    assert errors(events)[5:8] == ["RuntimeError: attempt 1", None, None]


def test_another_process_takes_up_a_flow_and_knows_its_error(notifier, events):
    class FailsThenSuspends(Suspends, FailsTwice):
        tries = 1

        def execute(self):
            FailsTwice.execute(self)
            Suspends.execute(self)

    def make(charge):
        flow = linear_flow.Flow("fulfil", retry=retry.Times(3, "thrice"))
        return flow.add(charge, Works("ship"))

    backend = impl_memory.MemoryBackend({})
    charge = FailsThenSuspends("charge")
    charge.engine = first = engines.load(make(charge), backend=backend)
    first.run()
    assert first.storage.get_flow_state() == states.SUSPENDED
    with contextlib.closing(backend.get_connection()) as connection:
        (book,) = connection.get_logbooks()
    detail = book.find(first.storage.flow_uuid)
    second = engines.load(
        make(Works("charge")), flow_detail=detail, book=book, backend=backend
    )

    run(second, notifier)

    assert story(events)[:2] == ["execution.resumed", "task.started ship"]
    assert errors(events)[0] == "RuntimeError: attempt 2"
    assert events[0].execution_id == first.storage.flow_uuid


def test_a_flow_whose_process_died_is_resumed_not_paused(notifier, events):
    engine = engines.load(linear_flow.Flow("fulfil").add(Works("a")))
    engine.storage.set_flow_state(states.RUNNING)  # as a killed process leaves it

    run(engine, notifier)

    assert story(events)[0] == "execution.resumed"
    assert "execution.paused" not in story(events)


def test_an_engine_that_breaks_fails_for_reasons_we_do_not_know(notifier, events):
    engine = engines.load(linear_flow.Flow("fulfil").add(Works("a")))

    with TaskFlowListener(engine, notifier):
        steps = engine.run_iter()
        next(steps)
        with pytest.raises(RuntimeError, match="from outside"):
            steps.throw(RuntimeError("from outside"))

    assert events[-1].type == "execution.failed"
    assert "error" not in events[-1].data["execution"]
