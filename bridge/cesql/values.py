# SPDX-License-Identifier: Apache-2.0
"""What CESQL computes with: three types, the casts between them, and errors.

Every cast gives a value. What cannot be cast gives the zero of its type, and a fault.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

Value = str | int | bool
Attributes = Mapping[str, Value]
"""Of one CloudEvent, by their names in lower case."""

LEAST: Final = -(2**31)
MOST: Final = 2**31 - 1

MAX_TEXT: Final = 1024 * 1024
"""Characters of one value; beyond, it is a fault."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,64}")
_TRUTH: Final = {"true": True, "false": False}


class Kind(Enum):
    """The kinds of errors, by the names that the conformance cases give them."""

    MATH = "math"
    CAST = "cast"
    MISSING_ATTRIBUTE = "missingAttribute"
    MISSING_FUNCTION = "missingFunction"
    FUNCTION = "functionEvaluation"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of an evaluation."""

    kind: Kind
    reason: str


class Nothing(Enum):
    """Stands for an operand that could not be had without a fault."""

    AT_ALL = "nothing"


Operand = Value | Nothing
Faults = list[Fault]


def zero(kind: type[Value]) -> Value:
    """Return what an operator of this type gives where it has nothing to give."""
    return kind()


def cast(value: Value, kind: type[Value], faults: Faults) -> Value:
    """Return the value as another type; zero where that cannot be."""
    if type(value) is kind:
        return value
    if kind is str:
        return str(value).lower() if type(value) is bool else str(value)
    if not isinstance(value, str):
        return kind(value)
    known = _TRUTH.get(value.lower()) if kind is bool else _integer(value)
    if known is None:
        name = "boolean" if kind is bool else "integer of 32 bits"
        faults.append(Fault(Kind.CAST, f"a text is no {name}"))
        return zero(kind)
    return known


def text(value: Value, faults: Faults) -> str:
    """Return the value as a String."""
    return str(cast(value, str, faults))


def integer(value: Value, faults: Faults) -> int:
    """Return the value as an Integer."""
    return int(cast(value, int, faults))


def boolean(value: Value, faults: Faults) -> bool:
    """Return the value as a Boolean."""
    return bool(cast(value, bool, faults))


def fit(number: int, faults: Faults) -> int:
    """Return what an operator computed; zero where it does not fit 32 bits."""
    if LEAST <= number <= MOST:
        return number
    faults.append(Fault(Kind.MATH, "a result does not fit 32 bits"))
    return 0


def _integer(value: str) -> int | None:
    if not _INTEGER.fullmatch(value):
        return None
    number = int(value)
    return number if LEAST <= number <= MOST else None
