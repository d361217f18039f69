# SPDX-License-Identifier: Apache-2.0
"""Functions and methods on values of JSON, as yaql has them; unsure where it may fail.

Those of lists, which go through their items, stand in `lists`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bridge.conditions.budget import Budget, Unsure
from bridge.conditions.closures import Types
from bridge.conditions.operators import NUMBERS, SCALARS, TEXT, contains

_MAX_NUMBER_CHARACTERS: Final = 100
_MAX_INTEGER: Final = 2**64
_MAX_PARTS: Final = 100
_LIST: Final[Types] = frozenset({list})
_OBJECT: Final[Types] = frozenset({dict})
_NULL: Final[Types] = frozenset({type(None)})


@dataclass(frozen=True, slots=True)
class Method:
    """A method that looks at its receiver as a whole.

    Attributes:
        of: Types that have it.
        call: Takes the receiver and the arguments.
        least: Number of arguments.
        most: Number of arguments.
        takes: Types of the arguments.
    """

    of: Types
    call: Callable[..., object]
    least: int = 0
    most: int = 0
    takes: Types = TEXT


def methods(budget: Budget) -> Mapping[str, Method]:
    """Return the methods; what they go through is spent of the budget."""

    def through(call: Callable[..., object]) -> Callable[..., object]:
        def apply(text: str, *rest: str) -> object:
            budget.spend(len(text) * max((1, *map(len, rest))))
            return call(text, *rest)

        return apply

    def index_of(text: str, part: str) -> int:
        budget.look_through(text, part)
        return text.find(part)

    def is_empty(text: str | None) -> bool:
        if text is None:
            return True
        budget.spend(len(text))
        return not text.strip()

    return {
        "contains": Method(
            _LIST, partial(contains, budget), least=1, most=1, takes=SCALARS
        ),
        "containsKey": Method(
            _OBJECT, dict.__contains__, least=1, most=1, takes=SCALARS
        ),
        "endsWith": Method(TEXT, _ends_with, least=1, most=_MAX_PARTS),
        "get": Method(_OBJECT, dict.get, least=1, most=2, takes=SCALARS),
        "indexOf": Method(TEXT, index_of, least=1, most=1),
        "isEmpty": Method(TEXT | _NULL, is_empty),
        "len": Method(TEXT | _LIST | _OBJECT, len),
        "startsWith": Method(TEXT, _starts_with, least=1, most=_MAX_PARTS),
        "toLower": Method(TEXT, through(str.lower)),
        "toUpper": Method(TEXT, through(str.upper)),
        "trim": Method(TEXT, through(str.strip), most=1),
        "trimLeft": Method(TEXT, through(str.lstrip), most=1),
        "trimRight": Method(TEXT, through(str.rstrip), most=1),
    }


def _length(value: Any) -> int:  # noqa: ANN401 - of JSON
    if type(value) in SCALARS and type(value) is not str:
        raise Unsure
    return len(value)


def _starts_with(text: str, *prefixes: str) -> bool:
    return text.startswith(prefixes)


def _ends_with(text: str, *suffixes: str) -> bool:
    return text.endswith(suffixes)


def _number(kind: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401 - of JSON
    if value is None:
        return kind(0)
    if type(value) not in SCALARS or (
        type(value) is str and len(value) > _MAX_NUMBER_CHARACTERS
    ):
        raise Unsure
    try:
        return kind(value)
    except ValueError as err:
        raise Unsure from err


def _text(value: Any) -> str:  # noqa: ANN401 - of JSON
    if type(value) is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if type(value) in {str, float} or (
        type(value) is int and abs(value) < _MAX_INTEGER
    ):
        return str(value)
    raise Unsure


FUNCTIONS: Final[Mapping[str, Callable[[Any], object]]] = {
    "bool": bool,
    "float": lambda value: _number(float, value),
    "int": lambda value: _number(int, value),
    "isBoolean": lambda value: type(value) is bool,
    "isDict": lambda value: type(value) is dict,
    "isInteger": lambda value: type(value) is int,
    "isList": lambda value: type(value) is list,
    "isNumber": lambda value: type(value) in NUMBERS,
    "isString": lambda value: type(value) is str,
    "len": _length,
    "str": _text,
}
"""Of one value of any kind, without an effect."""
