# SPDX-License-Identifier: Apache-2.0
"""The operators of CESQL, as functions of values; they are total.

An operator that misses an operand gives the zero of its type.
"""

import operator
import re
from collections.abc import Callable
from typing import Final

from bridge.cesql.values import (
    Fault,
    Faults,
    Kind,
    Nothing,
    Operand,
    Value,
    boolean,
    cast,
    fit,
    integer,
    text,
)

Binary = Callable[[Operand, Operand, Faults], Value]
Computing = Callable[[int, int, Faults], int]

MAX_LIKE: Final = 4096
"""Characters of a text that LIKE looks at; a longer one is a fault."""


def equal(x: Operand, y: Operand, faults: Faults) -> bool:
    """Tell whether both are the same, the left one cast to the type of the right."""
    if isinstance(x, Nothing) or isinstance(y, Nothing):
        return False
    return cast(x, type(y), faults) == y


def unequal(x: Operand, y: Operand, faults: Faults) -> bool:
    """Tell the contrary of `equal`, where there are both."""
    if isinstance(x, Nothing) or isinstance(y, Nothing):
        return False
    return not equal(x, y, faults)


def negate(x: Operand, faults: Faults) -> int:
    """Return the number with its sign turned."""
    return 0 if isinstance(x, Nothing) else fit(-integer(x, faults), faults)


def invert(x: Operand, faults: Faults) -> bool:
    """Return what a Boolean is not.

    The conformance cases want a cast error for an Integer, which other operators take.
    """
    if isinstance(x, Nothing):
        return False
    if type(x) is int:
        faults.append(Fault(Kind.CAST, "NOT takes no integer"))
        return True
    return not boolean(x, faults)


def exclusive(x: Operand, y: Operand, faults: Faults) -> bool:
    """Tell whether just one of both is true."""
    if isinstance(x, Nothing) or isinstance(y, Nothing):
        return False
    return boolean(x, faults) != boolean(y, faults)


def is_among(x: Operand, y: Operand, faults: Faults) -> bool:
    """Tell whether one of a set equals x, cast to the type of x."""
    if isinstance(x, Nothing) or isinstance(y, Nothing):
        return False
    return cast(y, type(x), faults) == x


def _ordering(holds: Callable[[int, int], bool]) -> Binary:
    def compare(x: Operand, y: Operand, faults: Faults) -> bool:
        if isinstance(x, Nothing) or isinstance(y, Nothing):
            return False
        return holds(integer(x, faults), integer(y, faults))

    return compare


def _arithmetic(compute: Computing) -> Binary:
    def evaluate(x: Operand, y: Operand, faults: Faults) -> int:
        if isinstance(x, Nothing) or isinstance(y, Nothing):
            return 0
        found = compute(integer(x, faults), integer(y, faults), faults)
        return fit(found, faults)

    return evaluate


def _divide(x: int, y: int, faults: Faults) -> int:
    """Divide, rounded towards zero."""
    if y == 0:
        faults.append(Fault(Kind.MATH, "division by zero"))
        return 0
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def _remainder(x: int, y: int, faults: Faults) -> int:
    """Return what the division leaves, with the sign of x."""
    return x - y * _divide(x, y, faults) if y else _divide(x, y, faults)


BINARY: Final[dict[str, tuple[int, Binary]]] = {
    "XOR": (1, exclusive),
    "=": (2, equal),
    "!=": (2, unequal),
    "<>": (2, unequal),
    "<": (2, _ordering(operator.lt)),
    "<=": (2, _ordering(operator.le)),
    ">": (2, _ordering(operator.gt)),
    ">=": (2, _ordering(operator.ge)),
    "+": (3, _arithmetic(lambda x, y, _: x + y)),
    "-": (3, _arithmetic(lambda x, y, _: x - y)),
    "*": (4, _arithmetic(lambda x, y, _: x * y)),
    "/": (4, _arithmetic(_divide)),
    "%": (4, _arithmetic(_remainder)),
}
"""How strongly each binds, and what it does; AND and OR bind as XOR does."""

LOGIC: Final = ("AND", "OR")
"""These do not look at their right side where the left one decides."""

WEAKEST: Final = BINARY["XOR"][0]


class Pattern:
    """What LIKE compares with: ``%`` is any text, ``_`` one character.

    The pieces between the ``%`` are looked for from left to right, so that a match
    takes the product of both lengths at worst.

    Example:
        >>> Pattern("a%b_").matches("aXbY", [])
        True
    """

    __slots__ = ("_pieces",)

    def __init__(self, pattern: str) -> None:
        pieces = [""]
        for part in re.findall(r"\\[%_]|.", pattern, re.DOTALL):
            if part == "%":
                pieces.append("")
            else:
                pieces[-1] += "." if part == "_" else re.escape(part[-1])
        self._pieces = [re.compile(piece, re.DOTALL) for piece in pieces]

    def matches(self, x: Operand, faults: Faults) -> bool:
        """Tell whether a value is like the pattern."""
        if isinstance(x, Nothing):
            return False
        whole = text(x, faults)
        if len(whole) > MAX_LIKE:
            faults.append(Fault(Kind.GENERIC, "a text is too long for LIKE"))
            return False
        first, *others = self._pieces
        if not others:
            return first.fullmatch(whole) is not None
        begun = first.match(whole)
        return begun is not None and _ends(whole, begun.end(), others)


def _ends(whole: str, at: int, pieces: list[re.Pattern[str]]) -> bool:
    """Tell whether the pieces follow each other until the end, anything between."""
    *middle, last = pieces
    for piece in middle:
        found = piece.search(whole, at)
        if found is None:
            return False
        at = found.end()
    # every part of a pattern is one character
    length = _length(last)
    return len(whole) - length >= at and bool(
        last.fullmatch(whole, len(whole) - length)
    )


def _length(piece: re.Pattern[str]) -> int:
    return len(re.findall(r"\\.|.", piece.pattern, re.DOTALL))
