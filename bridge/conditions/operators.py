# SPDX-License-Identifier: Apache-2.0
"""Operators on values of JSON, as yaql has them; unsure about all that is not plain.

Texts and numbers have no order between them, `null` is less than everything else, a
boolean is no number (but equals one, as in Python), whole numbers divide to whole ones.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.conditions.budget import Budget, Unsure
from bridge.conditions.closures import Types
from bridge.conditions.limits import MAX_ITEMS

SCALARS: Final[Types] = frozenset({bool, int, float, str, type(None)})
NUMBERS: Final[Types] = frozenset({int, float})
TEXT: Final[Types] = frozenset({str})

_MAX_TEXT: Final = 4096  # putting it together is not paid for
_MAX_FACTOR: Final = 2**64  # products stay far from the sizes that take time


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator does, and which literals yaql lets stand beside it."""

    apply: Callable[[Any, Any], object]
    left: Types = SCALARS
    right: Types = SCALARS


def equal(left: Any, right: Any) -> bool:  # noqa: ANN401 - of JSON
    """Compare two values of which one is a scalar.

    Raises:
        Unsure: Neither is; lists and objects may be large.
    """
    if type(left) in SCALARS or type(right) in SCALARS:
        return bool(left == right)
    raise Unsure


def add(left: Any, right: Any) -> Any:  # noqa: ANN401 - of JSON
    """Add numbers, or put texts together.

    Raises:
        Unsure: They are neither, or long.
    """
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return left + right
    if type(left) is type(right) is str and len(left) + len(right) <= _MAX_TEXT:
        return left + right
    raise Unsure


def contains(budget: Budget, items: Any, value: Any) -> bool:  # noqa: ANN401 - of JSON
    """Tell whether a scalar is in a list.

    Raises:
        Unsure: It is no scalar, or that is no list, or too long a one.
    """
    if type(items) is not list or type(value) not in SCALARS or len(items) > MAX_ITEMS:
        raise Unsure
    budget.spend(len(items))
    return value in items


def operators(budget: Budget) -> Mapping[str, Operator]:
    """Return the binary operators that evaluate both sides; they may raise `Unsure`."""

    def is_in(left: Any, right: Any) -> bool:  # noqa: ANN401 - of JSON
        if type(left) is type(right) is str:
            budget.look_through(right, left)
            return left in right
        return contains(budget, right, left)

    return {
        "=": Operator(equal),
        "!=": Operator(lambda left, right: not equal(left, right)),
        "<": Operator(_order(operator.lt, before_null=False, both_null=False)),
        "<=": Operator(_order(operator.le, before_null=False, both_null=True)),
        ">": Operator(_order(operator.gt, before_null=True, both_null=False)),
        ">=": Operator(_order(operator.ge, before_null=True, both_null=True)),
        "+": Operator(add, left=NUMBERS | TEXT, right=NUMBERS | TEXT),
        "-": Operator(_of_numbers(operator.sub), left=NUMBERS, right=NUMBERS),
        "*": Operator(_multiply, left=NUMBERS | TEXT, right=NUMBERS | TEXT),
        "/": Operator(_divide, left=NUMBERS, right=NUMBERS),
        "mod": Operator(_of_numbers(operator.mod), left=NUMBERS, right=NUMBERS),
        "in": Operator(is_in, right=TEXT),
    }


def negative(value: Any) -> Any:  # noqa: ANN401 - of JSON
    """Return a number with the other sign; unsure about all else."""
    if type(value) in NUMBERS:
        return -value
    raise Unsure


def positive(value: Any) -> Any:  # noqa: ANN401 - of JSON
    """Return the number; unsure about all else."""
    if type(value) in NUMBERS:
        return value
    raise Unsure


def _order(
    compare: Callable[[Any, Any], bool], *, before_null: bool, both_null: bool
) -> Callable[[Any, Any], bool]:
    """Return a comparison of size.

    Args:
        compare: For two numbers, or two texts.
        before_null: What holds when only the right side is null.
        both_null: What holds when both are.
    """

    def apply(left: Any, right: Any) -> bool:  # noqa: ANN401 - of JSON
        if type(left) in NUMBERS and type(right) in NUMBERS:
            return compare(left, right)
        if type(left) is type(right) is str:
            return compare(left, right)
        if right is None:
            return both_null if left is None else before_null
        if left is None:
            return not before_null
        raise Unsure

    return apply


def _of_numbers(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:  # noqa: ANN401 - of JSON
        if type(left) in NUMBERS and type(right) in NUMBERS:
            return compute(left, right)
        raise Unsure

    return apply


def _multiply(left: Any, right: Any) -> Any:  # noqa: ANN401 - of JSON
    if type(left) in NUMBERS and type(right) in NUMBERS:
        product = left * right
        if -_MAX_FACTOR < product < _MAX_FACTOR:
            return product
    raise Unsure


def _divide(left: Any, right: Any) -> Any:  # noqa: ANN401 - of JSON
    if type(left) is type(right) is int:
        return left // right
    return _true_divide(left, right)


_true_divide: Final = _of_numbers(operator.truediv)
