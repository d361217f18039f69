# SPDX-License-Identifier: Apache-2.0
"""The one home of the yaql library: reads expressions, judges data by them.

Reading is bounded, and safe from any thread. Judging is neither: an expression may run
or grow without end, so it belongs into the child process (`bridge.conditions.worker`).
"""

import collections.abc  # noqa: F401 - yaql uses it but imports only collections
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import yaql
from yaql.language import exceptions, specs, utils, yaqltypes
from yaql.language.expressions import (
    BinaryOperator,
    Constant,
    Expression,
    Function,
    GetContextValue,
    IndexExpression,
    KeywordConstant,
    ListExpression,
    MappingRuleExpression,
    Statement,
    UnaryOperator,
    Wrap,
)

from bridge.conditions.absence import Missing, item, member, of_null, quote
from bridge.conditions.limits import MAX_ITEMS, MAX_VALUE_BYTES
from bridge.conditions.verdict import MATCH, NO_MATCH, Judgement, Verdict

__all__ = [
    "BinaryOperator",
    "Constant",
    "Expression",
    "Function",
    "GetContextValue",
    "IndexExpression",
    "KeywordConstant",
    "ListExpression",
    "Statement",
    "UnaryOperator",
    "Unreadable",
    "Wrap",
    "freeze",
    "judge",
    "read",
    "walk",
    "warm_up",
]

_OPTIONS: Final = {
    "yaql.convertInputData": False,  # once for all expressions: `freeze`
    "yaql.convertSetsToLists": True,
    "yaql.limitIterators": MAX_ITEMS,
    "yaql.memoryQuota": MAX_VALUE_BYTES,
}
# ply's lexer and parser keep their state on themselves
_READING: Final = threading.Lock()


class Unreadable(Exception):
    """The text is no expression.

    Attributes:
        position: Index of the character where it stops to be one; None: its end.
    """

    def __init__(self, position: int | None) -> None:
        super().__init__(f"unreadable at {position}")
        self.position = position


def warm_up(*, judging: bool) -> None:
    """Build what reading, and maybe judging, needs: 0.1 s; else the first use does."""
    _engine()
    if judging:
        _context()


def read(text: str) -> Statement:
    """Return the expression that the text holds.

    Raises:
        Unreadable: It holds none.
    """
    try:
        with _READING:
            return _engine()(text)
    except exceptions.YaqlParsingException as err:
        raise Unreadable(err.position) from err
    except UnicodeDecodeError as err:  # '\N{no such name}'
        raise Unreadable(text.find("\\")) from err


def walk(statement: Statement) -> Iterator[tuple[int, Expression]]:
    """Yield each node of an expression with its level, from 1; parents come first."""
    waiting = [(1, statement.expression)]
    while waiting:
        level, node = waiting.pop()
        yield level, node
        waiting.extend((level + 1, child) for child in _children(node))


def freeze(data: Mapping[str, Any]) -> object:
    """Return JSON data in the form that `judge` takes."""
    return utils.convert_input_data(data)


def judge(text: str, statement: Statement, data: object) -> Judgement:
    """Put an expression to frozen data; never raises for what the expression does.

    Args:
        text: What the expression was read from; what a reason may quote.
        statement: The expression.
        data: What `$` stands for, from `freeze`.
    """
    context = _context().create_child_context()
    try:
        holds = bool(statement.evaluate(data=data, context=context))
    except Missing as err:
        return err.judgement(text)
    except Exception as err:  # noqa: BLE001 - the expression's fault is its verdict
        return Judgement(Verdict.ERROR, _reason(text, err))
    return MATCH if holds else NO_MATCH


def _children(node: Expression) -> Sequence[Expression]:
    if isinstance(node, Wrap):
        return (node.expr,)
    if isinstance(node, MappingRuleExpression):
        return (node.source, node.destination)
    if isinstance(node, Function):
        return [arg for arg in node.args if isinstance(arg, Expression)]
    return ()


@cache
def _engine() -> yaql.language.factory.YaqlEngine:
    return yaql.YaqlFactory().create(options=_OPTIONS)


@cache
def _context() -> yaql.language.contexts.Context:
    """Return the standard library without its door to Python objects (``yaqlized``).

    Over it lie our own forms of `.` and `[]`, which know what is missing: yaql's
    raise for it what they raise for other faults too.
    """
    context = yaql.create_context(yaqlized=False).create_child_context()
    for name, function, *types in _overloads():
        define = iter(types)
        context.register_function(
            specs.get_function_definition(
                function,
                name=name,
                parameter_type_func=lambda _, define=define: next(define),
            )
        )
    return context


def _overloads() -> Iterator[tuple[Any, ...]]:
    null = yaqltypes.PythonType(type(None), nullable=True)
    mapping = yaqltypes.PythonType(utils.MappingType, nullable=False)
    key = yaqltypes.Keyword()
    method = yaqltypes.Lambda(method=True)
    value = yaqltypes.PythonType(object, nullable=True)
    index = yaqltypes.PythonType(int, nullable=False)
    yield "#operator_.", member, mapping, key
    yield "#operator_.", of_null, null, key
    yield "#operator_.", _method_of_null, null, method
    yield "#indexer", member, mapping, value
    yield "#indexer", item, yaqltypes.Sequence(), index
    yield "#indexer", of_null, null, value


def _method_of_null(nothing: None, method: Callable[[None], object]) -> object:
    try:
        return method(nothing)  # some take null: isEmpty
    except exceptions.NoMatchingMethodException as err:
        raise Missing(_name_in(err), "is asked of null") from None


_REASONS: Final = (
    (ZeroDivisionError, "division by zero"),
    (RecursionError, "calls itself too often"),
    (MemoryError, "needs too much memory"),
    (exceptions.MemoryQuotaExceededException, "needs too much memory"),
    (exceptions.CollectionTooLargeException, f"a list of over {MAX_ITEMS} items"),
    (exceptions.NoFunctionRegisteredException, "there is no function {}"),
    (exceptions.NoMethodRegisteredException, "there is no method {}"),
    (exceptions.ResolutionError, "{} does not fit what it is given"),
    (re.error, "no regular expression"),
    (AssertionError, "an assertion failed"),
)


def _reason(text: str, err: Exception) -> str:
    name = _name_in(err)
    if name.startswith("#property#"):
        member = quote(text, name.removeprefix("#property#"))
        return f"{member} is asked of something that has no members"
    shown = re.sub(r"#(unary_)?operator_", "", name).replace("#indexer", "[]")
    shown = quote(text, shown) if shown != "[]" else "[]"
    reasons = (reason for kind, reason in _REASONS if isinstance(err, kind))
    return next(reasons, f"fails with {type(err).__name__}").format(shown)


def _name_in(err: Exception) -> str:
    """Return the function that yaql's message names; the rest may quote the event."""
    found = re.search('"(.+?)"', str(err))
    return "" if found is None else found[1]
