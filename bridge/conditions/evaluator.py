# SPDX-License-Identifier: Apache-2.0
"""Answers whether conditions hold: at once where it can, else through the process.

Lives on the event loop, and never blocks it for more than some milliseconds.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from bridge.conditions.child import Child
from bridge.conditions.engine import warm_up
from bridge.conditions.shelf import Shelf
from bridge.conditions.suspension import Suspensions
from bridge.conditions.verdict import Judgement

Done = Callable[[Sequence[Judgement]], None]


class Evaluator:
    """Puts conditions to events; made, used and closed on one event loop.

    Example:
        >>> async def judge(text, data):
        ...     evaluator = Evaluator()
        ...     evaluator.evaluate([text], data, print)
        ...     evaluator.close()
        >>> asyncio.run(judge("$.task = null", {"task": None}))
        [Judgement(verdict=<Verdict.MATCH: 'match'>, reason=None)]
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._shelf: Final = Shelf()
        self._suspensions: Final = Suspensions()
        self._child: Final = Child(self._suspensions)

    async def warm_up(self) -> None:
        """Make the first evaluation as quick as the others; takes 0.1 s in a thread."""
        await asyncio.to_thread(warm_up, judging=False)

    @property
    def is_well(self) -> bool:
        """Whether all conditions can be answered now."""
        return self._child.is_well

    @property
    def suspended(self) -> int:
        """How many conditions are not evaluated, since they overran too often."""
        return self._suspensions.count(self._loop.time())

    def evaluate(
        self, conditions: Sequence[str], data: Mapping[str, Any], done: Done
    ) -> None:
        """Put conditions to one event; never blocks, never raises.

        Args:
            conditions: Expressions.
            data: The event's ``data``, what `$` stands for; not to be changed before
                `done`.
            done: Called exactly once, on the loop's thread, with a judgement for each
                condition, in their order; before this method returns where none has to
                go to the process. Only `close` keeps it from being called.
        """
        judged: list[Judgement | None] = []
        left: list[int] = []
        self._shelf.renew()
        for place, text in enumerate(conditions):
            compiled = self._shelf.take(text)
            found = None if compiled is None else compiled.judge(data)
            if found is None:
                left.append(place)
            judged.append(found)
        if left:
            texts = [conditions[place] for place in left]
            fill = partial(_fill, judged, left, done)
            self._child.evaluate(texts, data, fill)
        else:
            done([one for one in judged if one is not None])

    def close(self) -> None:
        """End the process; what is still open is dropped. Blocks a few ms."""
        self._child.close()


def _fill(
    judged: list[Judgement | None],
    left: Sequence[int],
    done: Done,
    found: Sequence[Judgement],
) -> None:
    for place, judgement in zip(left, found, strict=True):
        judged[place] = judgement
    done([one for one in judged if one is not None])
