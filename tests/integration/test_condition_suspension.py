# SPDX-License-Identifier: Apache-2.0
"""A condition that overruns at each event costs the others next to nothing."""

import os
import signal
from collections.abc import Iterator
from functools import partial

import pytest
import uvloop

from bridge.conditions.child import Child
from bridge.conditions.suspension import STRIKES
from bridge.conditions.verdict import Verdict
from tests.evaluators import RunningEvaluator
from tests.loops import until

MATCH, NO_MATCH, MISSING, ERROR = Verdict

DATA = {"text": "a" * 40 + "b", "n": 1}
BOMB = "regex('(a+)+$').matches($.text)"
INNOCENT = "max($.n, 0) = 1"  # not one of those that are compiled
SUSPENDED = "was too costly, time and again; not evaluated for a while"


@pytest.fixture
def running() -> Iterator[RunningEvaluator]:
    """An evaluator whose process is ready."""
    with RunningEvaluator(uvloop.new_event_loop) as running:
        running.judge([INNOCENT], DATA)
        yield running


def test_it_is_suspended_and_the_others_wait_no_longer(running):
    """Events that waited already when it was suspended included."""
    answers = running.judge_many([([BOMB, INNOCENT], DATA)] * 200)

    bombs = [bomb.reason for bomb, _ in answers]
    assert bombs == ["took over 50 ms"] * STRIKES + [SUSPENDED] * (200 - STRIKES)
    assert {innocent.verdict for _, innocent in answers} == {MATCH}
    assert running.evaluator.suspended == 1


def test_one_that_is_compiled_is_never_behind_it(running):
    answers = []

    async def ask():
        running.evaluator.evaluate([BOMB], DATA, answers.append)
        running.evaluator.evaluate(["$.n = 1"], DATA, answers.append)
        assert [[one.verdict for one in answer] for answer in answers] == [[MATCH]]
        await until(lambda: len(answers) == 2)

    running.run(ask)


def test_after_an_overrun_a_process_stands_ready_to_take_over():
    with RunningEvaluator(uvloop.new_event_loop, make=Child) as asking:
        asking.judge([BOMB], DATA)
        spare = asking.run(partial(until, lambda: asking.evaluator.spare_pid))

        assert asking.verdicts([INNOCENT], DATA) == [MATCH]
        assert asking.evaluator.pid == spare
        another = asking.run(partial(until, lambda: asking.evaluator.spare_pid))
        assert another != spare


def test_one_that_dies_while_it_stands_ready_is_missed_by_nobody():
    with RunningEvaluator(uvloop.new_event_loop, make=Child) as asking:
        asking.judge([BOMB], DATA)
        spare = asking.run(partial(until, lambda: asking.evaluator.spare_pid))
        os.kill(spare, signal.SIGKILL)
        asking.run(partial(until, lambda: asking.evaluator.spare_pid is None))

        assert asking.verdicts([BOMB, INNOCENT], DATA) == [ERROR, MATCH]
        assert asking.evaluator.pid != spare


def test_closing_ends_it_too():
    with RunningEvaluator(uvloop.new_event_loop, make=Child) as asking:
        asking.judge([BOMB], DATA)
        spare = asking.run(partial(until, lambda: asking.evaluator.spare_pid))

    with pytest.raises(ProcessLookupError):
        os.kill(spare, 0)
