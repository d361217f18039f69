# SPDX-License-Identifier: Apache-2.0
"""An expression of CESQL that was read, and what it gives for an event.

Evaluation ends, whatever the expression and the event: there are no loops, and the
limits of `tokens`, `operators` and `values` bound what one may cost.
"""

from dataclasses import dataclass

from bridge.cesql.evaluation import Run
from bridge.cesql.parser import Parser
from bridge.cesql.tokens import Unreadable
from bridge.cesql.values import Attributes, Fault, Faults, Value

__all__ = ["Expression", "Result", "Unreadable", "parse"]


@dataclass(frozen=True, slots=True)
class Result:
    """A value, and what went wrong on the way to it."""

    value: Value
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """What a text says.

    Attributes:
        unknown: Calls of functions that CESQL has not.
    """

    text: str
    unknown: tuple[Unreadable, ...]
    _run: Run

    def evaluate(self, attributes: Attributes) -> Result:
        """Return what it gives for an event; never raises."""
        faults: Faults = []
        value = self._run(attributes, faults)
        return Result(value, tuple(faults))

    def accepts(self, attributes: Attributes) -> bool:
        """Tell whether it lets an event pass: it is true, and nothing went wrong."""
        result = self.evaluate(attributes)
        return result.value is True and not result.faults


def parse(text: str) -> Expression:
    """Return the expression that a text holds.

    Raises:
        Unreadable: It holds none; says where.

    Example:
        >>> parse("4 * 2 + 4 / 2").evaluate({})
        Result(value=10, faults=())
        >>> parse("ABC(")
        Traceback (most recent call last):
        bridge.cesql.tokens.Unreadable: at character 5: the expression stops here, \
unfinished
    """
    parser = Parser(text)
    node = parser.whole()
    return Expression(text, tuple(parser.unknown), node.run)
