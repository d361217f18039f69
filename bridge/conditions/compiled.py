# SPDX-License-Identifier: Apache-2.0
"""A condition that is judged at once, on the event loop, in some microseconds.

Never blocks, never takes over some milliseconds, never fails: where compiled code is not
sure, it gives no judgement.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from bridge.conditions.absence import Missing
from bridge.conditions.budget import Budget, Unsure
from bridge.conditions.closures import Closure, NotCompiled
from bridge.conditions.compiler import Compiler
from bridge.conditions.engine import Unreadable, read
from bridge.conditions.limits import MAX_ITEMS
from bridge.conditions.operators import SCALARS
from bridge.conditions.verdict import MATCH, NO_MATCH, Judgement

_LOG: Final = logging.getLogger(__name__)


class Compiled:
    """A compiled condition; for one thread at a time.

    Example:
        >>> condition = compile_text("$.task.name = 'charge'")
        >>> condition.judge({"task": {"name": "charge"}})
        Judgement(verdict=<Verdict.MATCH: 'match'>, reason=None)
        >>> condition.judge({"task": "charge"}) is None
        True
    """

    __slots__ = ("_budget", "_closure", "_text")

    def __init__(self, text: str, closure: Closure, budget: Budget) -> None:
        self._text = text
        self._closure = closure
        self._budget = budget

    def judge(self, data: Mapping[str, Any]) -> Judgement | None:
        """Put the condition to an event's data; None: only the engine can tell."""
        self._budget.renew()
        try:
            holds = self.holds(data)
        except Missing as err:
            return err.judgement(self._text)
        except (Unsure, ArithmeticError):
            return None
        except Exception:  # noqa: BLE001 - the event goes on, whatever nobody foresaw
            _LOG.exception("compiled code failed; the engine judges")
            return None
        return MATCH if holds else NO_MATCH

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Evaluate.

        Raises:
            Missing: The data lacks what it asks for.
            Unsure: Only the engine can tell.
            ArithmeticError: The same.
        """
        result = self._closure(data)
        return bool(result) if type(result) in SCALARS else self._is_some(result)

    def _is_some(self, result: Any) -> bool:  # noqa: ANN401 - of JSON
        """Tell whether a list or an object holds anything, and is not too large.

        yaql hands it out as a whole: a long list deep in it is an error.
        """
        inside = [result]
        for value in inside:
            if type(value) not in SCALARS:
                self._budget.spend(len(value))
                if len(value) > MAX_ITEMS:
                    raise Unsure
                inside.extend(value.values() if type(value) is dict else value)
        return bool(result)


def compile_text(text: str) -> Compiled | None:
    """Compile a condition; takes about 0.4 ms. None: it is not one of the plain ones."""
    budget = Budget()
    try:
        closure = Compiler(budget).condition(read(text).expression)
    except (Unreadable, NotCompiled, RecursionError):
        return None
    except Exception:  # noqa: BLE001 - the event goes on, whatever nobody foresaw
        _LOG.exception("a condition cannot be compiled; the engine judges")
        return None
    return Compiled(text, closure, budget)
