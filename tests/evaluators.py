# SPDX-License-Identifier: Apache-2.0
"""An evaluator on an event loop of its own, asked from ordinary tests."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from bridge.conditions.child import Child
from bridge.conditions.evaluator import Evaluator
from bridge.conditions.verdict import Judgement, Verdict

DEADLINE_SECONDS = 30


class RunningEvaluator:
    """Context manager around an evaluator and its loop."""

    def __init__(
        self,
        new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
        *,
        make: Callable[[], Evaluator | Child] = Evaluator,
    ) -> None:
        self._runner = asyncio.Runner(loop_factory=new_loop)
        self._make = make

    def __enter__(self) -> Self:
        async def make() -> Evaluator | Child:
            return self._make()

        self.evaluator = self.run(make)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.evaluator.close()
        self._runner.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop; runs only within `run` and what calls it."""
        return self._runner.get_loop()

    def run(self, function: Callable[[], Any]) -> Any:
        """Call a coroutine function on the loop, within the deadline."""

        async def bounded() -> Any:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await function()

        return self._runner.run(bounded())

    def judge(
        self, conditions: Sequence[str], data: Mapping[str, Any]
    ) -> Sequence[Judgement]:
        """Put conditions to one event and wait for the judgements."""
        return self.judge_many([(conditions, data)])[0]

    def judge_many(
        self,
        asked: Sequence[tuple[Sequence[str], Mapping[str, Any]]],
        *,
        at_first: Callable[[], None] = lambda: None,
    ) -> Sequence[Sequence[Judgement]]:
        """Ask all at once and wait; `at_first` is called at the first answer."""

        async def ask() -> Sequence[Sequence[Judgement]]:
            answers = [self.loop.create_future() for _ in asked]
            answers[0].add_done_callback(lambda _: at_first())
            for (conditions, data), answer in zip(asked, answers, strict=True):
                self.evaluator.evaluate(conditions, data, answer.set_result)
            return await asyncio.gather(*answers)

        return self.run(ask)

    def verdicts(
        self, conditions: Sequence[str], data: Mapping[str, Any]
    ) -> Sequence[Verdict]:
        """Return only the verdicts of `judge`."""
        return [one.verdict for one in self.judge(conditions, data)]
