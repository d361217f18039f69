# SPDX-License-Identifier: Apache-2.0
"""Puts conditions to events for people, who try some out; on the event loop.

It has a process of its own, started when it is first needed: no condition that somebody
tries can hold up, or suspend, those that events wait for.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bridge.conditions.evaluator import Evaluator
from bridge.conditions.verdict import Judgement, Verdict

PATIENCE_SECONDS: Final = 5.0
_LATE: Final = Judgement(Verdict.ERROR, "could not be evaluated in time")


class Judge:
    """Answers whether conditions hold, in bounded time.

    Example:
        >>> async def judge(text, data):
        ...     judge = Judge()
        ...     try:
        ...         return await judge([text], data)
        ...     finally:
        ...         judge.close()
        >>> asyncio.run(judge("$.task = null", {"task": None}))
        [Judgement(verdict=<Verdict.MATCH: 'match'>, reason=None)]
    """

    def __init__(self) -> None:
        self._evaluator = Evaluator()

    async def __call__(
        self, conditions: Sequence[str], data: Mapping[str, Any]
    ) -> Sequence[Judgement]:
        """Return a judgement for each condition, in their order."""
        told: asyncio.Future[Sequence[Judgement]]
        told = asyncio.get_running_loop().create_future()

        def done(judgements: Sequence[Judgement]) -> None:
            if not told.done():  # else it comes too late
                told.set_result(judgements)

        self._evaluator.evaluate(conditions, data, done)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await told
        except TimeoutError:
            return [_LATE] * len(conditions)

    def close(self) -> None:
        """End its process, if there is one. Blocks a few ms."""
        self._evaluator.close()
