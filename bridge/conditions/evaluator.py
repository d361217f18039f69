# SPDX-License-Identifier: Apache-2.0
"""Answers whether conditions hold: at once where it can, else through the process.

Lives on the event loop, and never blocks it for more than some milliseconds.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bridge.conditions.child import Child, Done
from bridge.conditions.engine import warm_up
from bridge.conditions.shelf import Shelf
from bridge.conditions.verdict import Judgement

JUDGING_SECONDS: Final = 0.02
"""For the conditions of one event together; the process judges the rest."""

COMPILING_SECONDS: Final = 0.005
"""Of these, for conditions that are new; begun is done."""


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
        self._shelf: Final = Shelf()
        self._child: Final = Child()

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
        return self._child.suspended

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
        began = time.perf_counter()
        judged: dict[str, Judgement] = {}
        left: list[str] = []
        for text in dict.fromkeys(conditions):
            found = self._at_once(text, data, began)
            if found is None:
                left.append(text)
            else:
                judged[text] = found

        def answer(rest: Sequence[Judgement]) -> None:
            judged.update(zip(left, rest, strict=True))
            done([judged[text] for text in conditions])

        self._child.evaluate(left, data, answer)

    def close(self) -> None:
        """End the process; what is still open is dropped. Blocks a few ms."""
        self._child.close()

    def _at_once(
        self, text: str, data: Mapping[str, Any], began: float
    ) -> Judgement | None:
        """Return what compiled code says; None: the process has to tell."""
        now = time.perf_counter()
        if now >= began + JUDGING_SECONDS:
            return None
        compiled = self._shelf.take(text, compile=now < began + COMPILING_SECONDS)
        return None if compiled is None else compiled.judge(data)
