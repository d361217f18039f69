# SPDX-License-Identifier: Apache-2.0
"""Turns the parse tree of a condition into Python closures, where it is a plain one.

Compiled code agrees with the engine, or says that it is not sure; then the engine
judges, in its own process. So errors and their reasons are the engine's alone.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from bridge.conditions.absence import item, member, of_null
from bridge.conditions.budget import STEPS_OF_A_NODE, Budget, Unsure
from bridge.conditions.closures import Closure, NotCompiled, Types, fits
from bridge.conditions.engine import (
    BinaryOperator,
    Constant,
    Expression,
    Function,
    GetContextValue,
    IndexExpression,
    KeywordConstant,
    ListExpression,
    UnaryOperator,
    Wrap,
)
from bridge.conditions.functions import FUNCTIONS
from bridge.conditions.methods import Calls
from bridge.conditions.operators import (
    SCALARS,
    TEXT,
    negative,
    operators,
    positive,
)
from bridge.conditions.patterns import matcher

PREFIXES: Final = {"not": lambda value: not value, "-": negative, "+": positive}
LAZY: Final = ("and", "or")
ACCESS: Final = (".", "?.")
MATCHING: Final = ("=~", "!~")
_NULL: Final[Types] = frozenset({type(None)})


class Compiler:
    """Compiles one condition; all its parts share a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._nodes = 0
        self._operators = operators(budget)
        self._calls = Calls(budget, self.value, self._body)
        self._parts: dict[type, Callable[[Any], Closure]] = {
            BinaryOperator: self._binary,
            Constant: self._constant,
            Function: self._function,
            GetContextValue: self._root,
            IndexExpression: self._index,
            KeywordConstant: self._constant,
            ListExpression: self._list,
            UnaryOperator: self._unary,
            Wrap: lambda node: self.value(node.expr),
        }

    def value(self, node: Expression) -> Closure:
        """Compile what has one value.

        Raises:
            NotCompiled: It has none, or it is not known here how to find it.
        """
        self._nodes += 1
        part = self._parts.get(type(node))
        if part is None:
            raise NotCompiled
        return part(node)

    def condition(self, node: Expression) -> Closure:
        """Compile the whole.

        Raises:
            NotCompiled: It is not known here how.
        """
        stream = self._calls.stream(node)
        if stream is None:
            return self.value(node)
        return lambda scope: [*stream(scope)]

    def _body(self, node: Expression) -> Closure:
        """Compile a lambda; each call of it is paid for."""
        before = self._nodes
        body = self.value(node)
        cost = (1 + self._nodes - before) * STEPS_OF_A_NODE
        spend = self._budget.spend

        def paid(one: Any) -> Any:  # noqa: ANN401 - of JSON
            spend(cost)
            return body(one)

        return paid

    def _constant(self, node: Constant) -> Closure:
        value = node.value
        return lambda _: value

    def _root(self, node: GetContextValue) -> Closure:
        if node.path.value != "$":
            raise NotCompiled
        return lambda scope: scope

    def _list(self, node: ListExpression) -> Closure:
        if all(isinstance(one, Constant) for one in node.args):
            values = [one.value for one in node.args]
            return lambda _: values
        parts = [self.value(one) for one in node.args]
        return lambda scope: [part(scope) for part in parts]

    def _index(self, node: IndexExpression) -> Closure:
        if len(node.args) != 2:  # noqa: PLR2004 - what is indexed, and the index
            raise NotCompiled
        if not fits(node.args[0], _NULL):
            raise NotCompiled
        value, index = map(self.value, node.args)
        return lambda scope: _look_up(value(scope), index(scope))

    def _unary(self, node: UnaryOperator) -> Closure:
        (operand,) = node.args
        apply, value = PREFIXES[node.operator], self.value(operand)
        return lambda scope: apply(value(scope))

    def _binary(self, node: BinaryOperator) -> Closure:
        sign, (left, right) = node.operator, node.args
        if sign in ACCESS:
            return self._access(node)
        if sign in LAZY:
            return _both(sign, self.value(left), self.value(right))
        if sign in MATCHING:
            return self._matching(sign, left, right)
        if sign not in self._operators:
            raise NotCompiled
        operator = self._operators[sign]
        if not (fits(left, operator.left) and fits(right, operator.right)):
            raise NotCompiled
        if sign == "=" and isinstance(right, Constant):
            return _equals(self.value(left), right.value)
        apply, first, second = operator.apply, self.value(left), self.value(right)
        return lambda scope: apply(first(scope), second(scope))

    def _matching(self, sign: str, left: Expression, right: Expression) -> Closure:
        matches = matcher(right, self._budget)
        if matches is None or not fits(left, TEXT):
            raise NotCompiled
        text, expected = self.value(left), sign == "=~"
        return lambda scope: matches(text(scope)) is expected

    def _access(self, node: BinaryOperator) -> Closure:
        receiver, what = node.args
        stops = node.operator == "?."
        if type(what) is Function:
            return self._calls.call(receiver, what, stops=stops)
        if type(what) is not KeywordConstant:
            raise NotCompiled
        if not stops:
            return self._path(node)
        value, keys = self.value(receiver), (what.value,)
        return lambda scope: (
            None if (found := value(scope)) is None else _walk(found, keys)
        )

    def _path(self, node: Expression) -> Closure:
        keys: list[str] = []
        while _is_member(node):
            self._nodes += 1
            node, key = node.args
            keys.insert(0, key.value)
        start = self.value(node)

        def path(scope: Any) -> Any:  # noqa: ANN401 - of JSON
            begin = found = start(scope)
            try:
                for key in keys:
                    found = found[key]
            except (KeyError, TypeError):
                return _walk(begin, keys)
            return found

        return path

    def _function(self, node: Function) -> Closure:
        if node.name == "coalesce":
            parts = [self.value(one) for one in node.args]
            return lambda scope: next(
                (one for part in parts if (one := part(scope)) is not None), None
            )
        if node.name not in FUNCTIONS or len(node.args) != 1:
            raise NotCompiled
        apply, value = FUNCTIONS[node.name], self.value(node.args[0])
        return lambda scope: apply(value(scope))


def _is_member(node: Expression) -> bool:
    return (
        type(node) is BinaryOperator
        and node.operator == "."
        and type(node.args[1]) is KeywordConstant
    )


def _both(sign: str, first: Closure, second: Closure) -> Closure:
    if sign == "and":
        return lambda scope: first(scope) and second(scope)
    return lambda scope: first(scope) or second(scope)


def _equals(value: Closure, constant: object) -> Closure:
    """Compare with a literal: what most conditions do, so without a further call."""
    return lambda scope: value(scope) == constant


def _walk(value: Any, keys: Sequence[str]) -> Any:  # noqa: ANN401 - of JSON
    """Go from member to member, slowly, and tell where it ends."""
    for key in keys:
        if type(value) is dict:
            value = member(value, key)
        elif value is None:
            of_null(None, key)
        else:
            raise Unsure
    return value


def _look_up(value: Any, index: Any) -> Any:  # noqa: ANN401 - of JSON
    if type(index) not in SCALARS:
        raise Unsure
    if type(value) is dict:
        return member(value, index)
    if type(value) is list and isinstance(index, int):
        return item(value, index)
    if value is None:
        of_null(None, index)
    raise Unsure
