# SPDX-License-Identifier: Apache-2.0
"""How the parts of an expression are evaluated; total, and never raises."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from bridge.cesql.functions import Function
from bridge.cesql.operators import BINARY, LOGIC, Binary, Pattern, is_among
from bridge.cesql.values import (
    Attributes,
    Fault,
    Faults,
    Kind,
    Nothing,
    Operand,
    Value,
    boolean,
)

Run = Callable[[Attributes, Faults], Value]
"""Evaluates one part for one event, and adds what goes wrong."""

_REQUIRED: Final = frozenset({"id", "source", "specversion", "type"})


def constant(value: Value, _attributes: Attributes, _faults: Faults) -> Value:
    """Return a literal."""
    return value


def attribute(name: str, attributes: Attributes, faults: Faults) -> Value:
    """Return an attribute of the event."""
    value = attributes.get(name)
    if value is None:
        reason = f"the event has no attribute {name}"
        faults.append(Fault(Kind.MISSING_ATTRIBUTE, reason))
        return False
    return value


def _operand(run: Run, attributes: Attributes, faults: Faults) -> Operand:
    """Evaluate a part for the operator around it."""
    before = len(faults)
    value = run(attributes, faults)
    return value if len(faults) == before else Nothing.AT_ALL


def exists(name: str, attributes: Attributes, _faults: Faults) -> bool:
    """Tell whether the event has an attribute; it always has the required ones."""
    return name in _REQUIRED or attributes.get(name) is not None


def no_function(reason: str, _attributes: Attributes, faults: Faults) -> bool:
    """Tell that a function was called that there is not."""
    faults.append(Fault(Kind.MISSING_FUNCTION, reason))
    return False


def called(
    function: Function, runs: Sequence[Run], attributes: Attributes, faults: Faults
) -> Value:
    """Call a function."""
    return function([_operand(run, attributes, faults) for run in runs], faults)


def changed(
    change: Callable[[Operand, Faults], Value],
    run: Run,
    attributes: Attributes,
    faults: Faults,
) -> Value:
    """Apply an operator that stands before its operand."""
    return change(_operand(run, attributes, faults), faults)


def like(
    run: Run,
    pattern: Pattern,
    attributes: Attributes,
    faults: Faults,
    *,
    negated: bool,
) -> bool:
    """Tell whether a text is like a pattern, or is not."""
    value = _operand(run, attributes, faults)
    if isinstance(value, Nothing):
        return False
    return pattern.matches(value, faults) != negated


def among(
    run: Run,
    runs: Sequence[Run],
    attributes: Attributes,
    faults: Faults,
    *,
    negated: bool,
) -> bool:
    """Tell whether a value is among others, or is not."""
    value = _operand(run, attributes, faults)
    if isinstance(value, Nothing):
        return False
    found = any(
        is_among(value, _operand(one, attributes, faults), faults) for one in runs
    )
    return found != negated


def joined(kind: str, left: Run, right: Run) -> Run:
    """Return what evaluates an operator between two operands."""
    if kind in LOGIC:
        return partial(_logic, left, right, decisive=kind == "OR")
    return partial(_binary, BINARY[kind][1], left, right)


def _binary(
    operator: Binary, left: Run, right: Run, attributes: Attributes, faults: Faults
) -> Value:
    x = _operand(left, attributes, faults)
    return operator(x, _operand(right, attributes, faults), faults)


def _logic(
    left: Run, right: Run, attributes: Attributes, faults: Faults, *, decisive: bool
) -> bool:
    """Evaluate OR, which true decides, or AND, which false does."""
    for run in (left, right):
        value = _operand(run, attributes, faults)
        if isinstance(value, Nothing):
            return False
        if boolean(value, faults) is decisive:
            return decisive
    return not decisive
