# SPDX-License-Identifier: Apache-2.0
"""The process that evaluates may fail to start, hang or die: no answer is lost."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from bridge.conditions.child import Child
from bridge.conditions.verdict import Judgement, Verdict
from tests.evaluators import DEADLINE_SECONDS, RunningEvaluator
from tests.loops import until

DATA = {"execution": {"id": "e1", "error": None}, "task": None}
NO_ERROR = "$.execution.error = null"
MATCH, MISSING, ERROR = Verdict.MATCH, Verdict.MISSING, Verdict.ERROR


@pytest.fixture
def running() -> Iterator[RunningEvaluator]:
    """An evaluator without a process yet."""
    with RunningEvaluator(uvloop.new_event_loop, make=Child) as running:
        yield running


@pytest.fixture
def started(running) -> RunningEvaluator:
    """An evaluator with its process ready."""
    running.judge(["true"], {})
    return running


def test_a_process_killed_from_outside_costs_no_answer(started):
    pid = started.evaluator.pid

    answers = started.judge_many(
        [([NO_ERROR, "$.task.name"], DATA)] * 500,
        at_first=lambda: os.kill(pid, signal.SIGKILL),
    )

    assert answers == [[Judgement(MATCH), answers[0][1]]] * 500
    assert answers[0][1].verdict is MISSING
    assert started.evaluator.pid != pid


def test_a_process_killed_while_idle_is_replaced(started):
    pid = started.evaluator.pid
    os.kill(pid, signal.SIGKILL)

    assert started.verdicts([NO_ERROR], DATA) == [MATCH]
    assert started.evaluator.pid != pid


def test_a_process_that_falls_silent_is_replaced(started):
    pid = started.evaluator.pid
    os.kill(pid, signal.SIGSTOP)

    assert started.verdicts([NO_ERROR], DATA) == [MATCH]
    assert started.evaluator.pid != pid


def test_closing_leaves_no_process(started):
    pid = started.evaluator.pid

    started.evaluator.close()

    assert started.evaluator.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_closing_drops_what_is_open(started):
    answers = []

    async def ask_and_close():
        started.evaluator.evaluate(["true"], DATA, answers.append)
        started.evaluator.close()
        started.evaluator.evaluate(["true"], DATA, answers.append)
        passed = started.loop.create_future()
        started.loop.call_later(0.1, passed.set_result, None)
        await passed

    started.run(ask_and_close)

    assert answers == []


def test_the_process_ends_with_the_bridge():
    bridge = subprocess.Popen(
        [sys.executable, "-c", _BRIDGE], stdout=subprocess.PIPE, text=True
    )
    with bridge:
        watched = os.pidfd_open(int(bridge.stdout.readline()))
        bridge.kill()
    ended, _, _ = select.select([watched], [], [], DEADLINE_SECONDS)
    os.close(watched)

    assert ended


_BRIDGE = """
import asyncio
from bridge.conditions.child import Child

async def serve():
    evaluator = Child()
    answer = asyncio.get_running_loop().create_future()
    evaluator.evaluate(["true"], {}, answer.set_result)
    await answer
    print(evaluator.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(serve())
"""


def test_the_environment_of_the_bridge_stays_there(started, monkeypatch):
    monkeypatch.setenv("AMQP_URL", "amqp://user:hunter2@broker")
    os.kill(started.evaluator.pid, signal.SIGKILL)
    started.judge(["true"], {})

    environment = Path(f"/proc/{started.evaluator.pid}/environ").read_bytes()

    assert b"PYTHONPATH" in environment
    assert b"hunter2" not in environment


@pytest.fixture
def interpreter(tmp_path, monkeypatch):
    """Put a script in the place of the interpreter; returns where starts are counted.

    Its `{python}` stands for the real one; `count` says how often it has started.
    """

    def put(script: str) -> Path:
        starts = tmp_path / "starts"
        path = tmp_path / "python"
        path.write_text(
            f'#!/bin/sh\necho >> "{starts}"\ncount=$(wc -l < "{starts}")\n'
            + script.replace("{python}", f'"{sys.executable}"')
        )
        path.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(path))
        return starts

    return put


def test_a_process_that_fails_to_start_at_first_costs_no_answer(running, interpreter):
    starts = interpreter('[ $count -gt 2 ] || exit 3; exec {python} "$@"')

    assert running.verdicts([NO_ERROR], DATA) == [MATCH]
    assert len(starts.read_text()) == 3


def judge_late(running, mend):
    """Ask, let `mend` be called once the evaluator is not well, and wait on."""

    async def ask():
        answer = running.loop.create_future()
        running.evaluator.evaluate([NO_ERROR], DATA, answer.set_result)
        await until(lambda: not running.evaluator.is_well)
        assert not answer.done()
        mend()
        return await answer

    return running.run(ask)


def test_nobody_is_judged_while_no_process_starts(running, interpreter, tmp_path):
    mended = tmp_path / "mended"
    interpreter(f'[ -e "{mended}" ] || exit 3; exec {{python}} "$@"')

    judged = judge_late(running, mended.touch)

    assert judged == [Judgement(MATCH)]
    assert running.evaluator.is_well


def test_nobody_is_judged_while_there_is_no_interpreter(running, monkeypatch):
    python = sys.executable
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    judged = judge_late(running, lambda: monkeypatch.setattr(sys, "executable", python))

    assert judged == [Judgement(MATCH)]


def test_who_ends_the_process_twice_is_blamed(running, interpreter):
    starts = interpreter(
        'if [ $count -gt 2 ]; then exec {python} "$@"; fi\n'
        """printf '\\0\\0\\0\\7"ready"' >&0; head -c 1 > /dev/null"""
    )

    deadly, harmless = running.judge([NO_ERROR, "$.task = null"], DATA)

    reason = "ended the process that evaluates it, 2 times"
    assert deadly == Judgement(ERROR, reason)
    assert harmless == Judgement(MATCH)
    assert len(starts.read_text()) == 3
