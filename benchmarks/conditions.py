# SPDX-License-Identifier: Apache-2.0
"""What a condition costs: compiled, by yaql in this process, and through the child's.

``python -m benchmarks.conditions`` takes about twenty seconds; the machine should be idle.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from timeit import Timer
from typing import Any, Final

from bridge.conditions.child import Child, Done
from bridge.conditions.compiled import compile_text
from bridge.conditions.engine import freeze, judge, read
from bridge.conditions.evaluator import Evaluator

CONDITIONS: Final = (
    "$.execution.error = null",
    "$.execution.error != null and $.task.name = 'charge'",
    "$.task.name in ['charge', 'refund', 'ship']",
    "$.task.error.toLower().startsWith('card')",
    "$.task.error =~ '(declined|refused)'",
    "$.payload.items.where($.count = 0).any()",
    "$.execution.root_id = null",
    "$.payload.items.count.max() > 1",
)
EVENT: Final = {
    "workbook": "orders",
    "execution": {"id": "e1", "state": "RUNNING", "error": None},
    "task": {"id": "t1", "name": "charge", "error": "card declined"},
    "payload": {"amount": 129.5, "items": [{"count": 2}, {"count": 0}]},
}
LISTENERS: Final = (1, 10, 100)

_TURNS: Final = 3
_MANY: Final = 50

Evaluate = Callable[[Sequence[str], Mapping[str, Any], Done], None]


async def main() -> None:
    """Measure, and print two tables."""
    child, evaluator = Child(), Evaluator()
    await evaluator.warm_up()
    try:
        print(
            "µs an evaluation                                       compiled  yaql  child"
        )
        for text in CONDITIONS:
            row = (compiled(text), engine(text), await asked(child.evaluate, [text]))
            print(f"{text:<54}" + "".join(f"{micros(one):>9}" for one in row))
        print("\nµs an event, of listeners with a condition each       compiled  child")
        for number in LISTENERS:
            texts = [f"$.task.name = 'charge{n}'" for n in range(number)]
            row = [await asked(one.evaluate, texts) for one in (evaluator, child)]
            print(f"{number:<54}" + "".join(f"{micros(one):>9}" for one in row))
    finally:
        evaluator.close()
        child.close()


def compiled(text: str) -> float | None:
    """Return the seconds that compiled code takes; None: it is not compiled."""
    condition = compile_text(text)
    return None if condition is None else quickest(lambda: condition.judge(EVENT))


def engine(text: str) -> float:
    """Return the seconds that yaql takes, data made ready for it and all."""
    statement = read(text)
    return quickest(lambda: judge(text, statement, freeze(EVENT)))


async def asked(evaluate: Evaluate, texts: Sequence[str]) -> float:
    """Return the seconds an event takes on the way that the bridge goes."""
    best = float("inf")
    for _ in range(_TURNS):
        loop = asyncio.get_running_loop()
        answers = [loop.create_future() for _ in range(_MANY)]
        began = time.perf_counter()
        for answer in answers:
            evaluate(texts, EVENT, answer.set_result)
        await asyncio.gather(*answers)
        best = min(best, (time.perf_counter() - began) / _MANY)
    return best


def quickest(call: Callable[[], object]) -> float:
    """Return the seconds of a call, the best of some turns."""
    timer = Timer(call)
    number, _ = timer.autorange()
    return min(timer.repeat(_TURNS, number)) / number


def micros(seconds: float | None) -> str:
    """Return seconds as a figure in microseconds."""
    return "-" if seconds is None else f"{seconds * 1e6:.1f}"


if __name__ == "__main__":
    asyncio.run(main())
