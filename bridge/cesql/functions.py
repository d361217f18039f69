# SPDX-License-Identifier: Apache-2.0
"""The functions that CESQL has built in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.cesql.values import (
    LEAST,
    MAX_TEXT,
    MOST,
    Fault,
    Faults,
    Kind,
    Nothing,
    Operand,
    Value,
    boolean,
    integer,
    text,
    zero,
)

# White_Space of Unicode; Python's strip() takes control characters off as well.
_WHITE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)

Given = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes:
        least: So many arguments it takes.
        most: At most so many; None: any number.
        gives: The type of its result.
        call: Gives it.
    """

    least: int
    most: int | None
    gives: type[Value]
    call: Callable[[Given, Faults], Value]

    def takes(self, count: int) -> bool:
        """Tell whether it takes so many arguments."""
        return self.least <= count and (self.most is None or count <= self.most)

    def __call__(self, operands: Sequence[Operand], faults: Faults) -> Value:
        """Evaluate; total, as all that CESQL has."""
        given = [one for one in operands if not isinstance(one, Nothing)]
        if len(given) < len(operands):
            return zero(self.gives)
        found = self.call(given, faults)
        if isinstance(found, str) and len(found) > MAX_TEXT:
            faults.append(Fault(Kind.GENERIC, "a text has become too long"))
            return ""
        return found


def _failed(reason: str, faults: Faults) -> None:
    faults.append(Fault(Kind.FUNCTION, reason))


def _joined(delimiter: str, given: Given, faults: Faults) -> str:
    return delimiter.join(text(one, faults) for one in given)


def _left(given: Given, faults: Faults) -> str:
    whole, count = text(given[0], faults), integer(given[1], faults)
    if count < 0:
        _failed("LEFT takes no negative number", faults)
        return whole
    return whole[:count]


def _right(given: Given, faults: Faults) -> str:
    whole, count = text(given[0], faults), integer(given[1], faults)
    if count < 0:
        _failed("RIGHT takes no negative number", faults)
        return whole
    return whole[max(0, len(whole) - count) :]


def _substring(given: Given, faults: Faults) -> str:
    whole, position = text(given[0], faults), integer(given[1], faults)
    count = integer(given[2], faults) if len(given) > 2 else len(whole)  # noqa: PLR2004 - its third argument is optional
    if abs(position) > len(whole) or count < 0:
        _failed("SUBSTRING begins outside of the text, or is negative", faults)
        return ""
    if position == 0:
        return ""
    begin = position - 1 if position > 0 else len(whole) + position
    return whole[begin : begin + count]


def _absolute(given: Given, faults: Faults) -> int:
    number = integer(given[0], faults)
    if number == LEAST:
        faults.append(Fault(Kind.MATH, "a result does not fit 32 bits"))
        return MOST
    return abs(number)


FUNCTIONS: Final[dict[str, Function]] = {
    "INT": Function(1, 1, int, lambda given, faults: integer(given[0], faults)),
    "BOOL": Function(1, 1, bool, lambda given, faults: boolean(given[0], faults)),
    "STRING": Function(1, 1, str, lambda given, faults: text(given[0], faults)),
    "LENGTH": Function(1, 1, int, lambda given, faults: len(text(given[0], faults))),
    "CONCAT": Function(0, None, str, lambda given, faults: _joined("", given, faults)),
    "CONCAT_WS": Function(
        1,
        None,
        str,
        lambda given, faults: _joined(text(given[0], faults), given[1:], faults),
    ),
    "LOWER": Function(1, 1, str, lambda given, faults: text(given[0], faults).lower()),
    "UPPER": Function(1, 1, str, lambda given, faults: text(given[0], faults).upper()),
    "TRIM": Function(
        1, 1, str, lambda given, faults: text(given[0], faults).strip(_WHITE)
    ),
    "LEFT": Function(2, 2, str, _left),
    "RIGHT": Function(2, 2, str, _right),
    "SUBSTRING": Function(2, 3, str, _substring),
    "ABS": Function(1, 1, int, _absolute),
}
