# SPDX-License-Identifier: Apache-2.0
"""Compiles calls of methods: of texts, of objects, and of lists and what is made of them.

Null has no methods: that is found out before the arguments are looked at, as in yaql.
"""

from collections.abc import Callable
from typing import Any, Final

from bridge.conditions.absence import of_null
from bridge.conditions.budget import Budget, Unsure
from bridge.conditions.closures import Closure, Items, NotCompiled, fits
from bridge.conditions.engine import (
    BinaryOperator,
    Expression,
    Function,
    Wrap,
)
from bridge.conditions.functions import Method, methods
from bridge.conditions.lists import (
    COLLECTORS,
    QUANTIFIERS,
    STREAMS,
    count,
    first,
    items_of,
)
from bridge.conditions.operators import TEXT
from bridge.conditions.patterns import matcher


class Calls:
    """Compiles what is called with a dot.

    Args:
        value: Compiles what has one value.
        body: Compiles a lambda.
    """

    def __init__(
        self,
        budget: Budget,
        value: Callable[[Expression], Closure],
        body: Callable[[Expression], Closure],
    ) -> None:
        self._budget = budget
        self._value = value
        self._body = body
        self._methods: Final = methods(budget)

    def stream(self, node: Expression) -> Items | None:
        """Compile what gives items one by one; None: it is nothing of the kind.

        Raises:
            NotCompiled: It is not known here how.
        """
        while type(node) is Wrap:
            node = node.expr
        if type(node) is not BinaryOperator or node.operator != ".":
            return None
        receiver, called = node.args
        if type(called) is not Function or called.name not in STREAMS:
            return None
        if len(called.args) != 1:
            raise NotCompiled
        items = self._items(receiver, called.name)
        return STREAMS[called.name](items, self._body(called.args[0]))

    def call(self, receiver: Expression, called: Function, *, stops: bool) -> Closure:
        """Compile a call.

        Args:
            receiver: What stands before the dot.
            called: The method and its arguments.
            stops: Whether null gives null, as after `?.`.

        Raises:
            NotCompiled: It is not known here how.
        """
        if not stops and (going := self._going_through(receiver, called)) is not None:
            return going
        return self._of_whole(self._value(receiver), called, stops=stops)

    def _going_through(self, receiver: Expression, called: Function) -> Closure | None:
        name, arguments = called.name, called.args
        if name in COLLECTORS and not arguments:
            collect, items = COLLECTORS[name], self._items(receiver, name)
            return lambda scope: collect(items(scope))
        if name in QUANTIFIERS and len(arguments) <= 1:
            bodies = [self._body(one) for one in arguments]
            return QUANTIFIERS[name](self._items(receiver, name), *bodies)
        if name == "first":
            return self._first(receiver, arguments)
        if name == "len" and (stream := self.stream(receiver)) is not None:
            return lambda scope: count(stream(scope))
        return None

    def _of_whole(self, value: Closure, called: Function, *, stops: bool) -> Closure:
        method, arguments = self._methods.get(called.name), called.args
        if called.name == "matches":  # its argument is compiled beforehand
            method, arguments = self._matches(arguments), ()
        if method is None or not method.least <= len(arguments) <= method.most:
            raise NotCompiled
        if not all(fits(one, method.takes) for one in arguments):
            raise NotCompiled
        given = list(map(self._value, arguments))
        return _call(called.name, method, value, given, stops=stops)

    def _items(self, node: Expression, method: str) -> Items:
        stream = self.stream(node)
        return items_of(self._value(node), method) if stream is None else stream

    def _first(
        self, receiver: Expression, arguments: tuple[Expression, ...]
    ) -> Closure:
        items = self._items(receiver, "first")
        match arguments:
            case ():
                return lambda scope: first(items(scope))
            case (only,):
                default = self._value(only)
                return lambda scope: first(items(scope), default(scope))
            case _:
                raise NotCompiled

    def _matches(self, arguments: tuple[Expression, ...]) -> Method | None:
        if len(arguments) != 1:
            return None
        matches = matcher(arguments[0], self._budget)
        return None if matches is None else Method(TEXT, matches)


def _call(
    name: str,
    method: Method,
    value: Closure,
    arguments: list[Closure],
    *,
    stops: bool,
) -> Closure:
    of, apply, takes = method.of, method.call, method.takes

    def call(scope: Any) -> object:  # noqa: ANN401 - of JSON
        receiver = value(scope)
        if stops and receiver is None:
            return None
        if type(receiver) not in of:
            if receiver is None:
                of_null(None, name)
            raise Unsure
        given = [argument(scope) for argument in arguments]
        if not all(type(one) in takes for one in given):
            raise Unsure
        return apply(receiver, *given)

    return call
