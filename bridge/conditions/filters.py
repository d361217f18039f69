# SPDX-License-Identifier: Apache-2.0
"""A listener's filters: the dialects of the CloudEvents Subscriptions API.

They look at an event's attributes, never at its data, and all have to let it pass::

    {"exact": {"type": "task.failed"}}       {"all": [FILTER, …]}
    {"prefix": {"subject": "executions/"}}   {"any": [FILTER, …]}
    {"suffix": {"type": ".failed"}}          {"not": FILTER}
    {"sql": "type LIKE '%.failed'"}
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from bridge.cesql.expression import Unreadable, parse
from bridge.errors import Invalid

Attributes = Mapping[str, str]
Test = Callable[[Attributes], bool]

FIELD: Final = "filters"
MAX_FILTERS: Final = 100
"""In one listener, those within others counted too."""

MAX_DEPTH: Final = 8
"""Levels of filters within filters."""

MAX_VALUE: Final = 1024
"""Characters of a text to compare with."""

_NAME = re.compile(r"[a-z0-9]{1,64}")
_COMPARISONS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "exact": str.__eq__,
    "prefix": str.startswith,
    "suffix": str.endswith,
}
_NESTING: Final[Mapping[str, Callable[[Sequence[Test], Attributes], bool]]] = {
    "all": lambda tests, attributes: all(test(attributes) for test in tests),
    "any": lambda tests, attributes: any(test(attributes) for test in tests),
}
DIALECTS: Final = (*_COMPARISONS, *_NESTING, "not", "sql")


def compile_filters(filters: Sequence[object]) -> Test:
    """Return what tells whether an event's attributes pass all of the filters.

    Raises:
        Invalid: One is no filter; names it (``filters[0].any[1].sql``), and what
            would be right.

    Example:
        >>> test = compile_filters([{"not": {"prefix": {"type": "task."}}}])
        >>> test({"type": "execution.failed"}), test({"type": "task.failed"})
        (True, False)
    """
    _check_count(filters)
    tests = [
        _compile(f"{FIELD}[{place}]", one, MAX_DEPTH)
        for place, one in enumerate(filters)
    ]
    return partial(_NESTING["all"], tests)


def _check_count(filters: Sequence[object]) -> None:
    left: list[object] = list(filters)
    for count, one in enumerate(left, start=1):
        if count > MAX_FILTERS:
            raise Invalid(FIELD, f"are over {MAX_FILTERS}, those within others too")
        left.extend(_filters_in(one))


def _filters_in(given: object) -> Iterator[object]:
    for dialect, inner in given.items() if isinstance(given, Mapping) else ():
        if dialect in _NESTING and isinstance(inner, list):
            yield from inner
        elif dialect == "not":
            yield inner


def _compile(field: str, given: object, depth: int) -> Test:
    if not isinstance(given, Mapping) or len(given) != 1:
        raise Invalid(field, f"must be an object of one member: {_any_of(DIALECTS)}")
    ((dialect, inner),) = given.items()
    field = f"{field}.{dialect}"
    if dialect in _COMPARISONS:
        return _compared(field, dialect, inner)
    if dialect == "sql":
        return _sql(field, inner)
    if dialect not in DIALECTS:
        raise Invalid(field, f"is no dialect; {_any_of(DIALECTS)} are")
    if depth == 1:
        raise Invalid(field, f"is over {MAX_DEPTH} levels deep")
    if dialect == "not":
        return partial(_negated, _compile(field, inner, depth - 1))
    if not isinstance(inner, list) or not inner:
        raise Invalid(field, "must be a list of one filter or more")
    tests = [
        _compile(f"{field}[{place}]", one, depth - 1) for place, one in enumerate(inner)
    ]
    return partial(_NESTING[dialect], tests)


def _compared(field: str, dialect: str, inner: object) -> Test:
    if not isinstance(inner, Mapping) or not inner:
        raise Invalid(field, "must name one attribute or more, each with a text")
    for name, value in inner.items():
        if not _NAME.fullmatch(name):
            raise Invalid(field, f"{name!a} is no attribute: a to z and 0 to 9 are")
        if not _is_text(value):
            raise Invalid(
                f"{field}.{name}", f"must be a text of 1 to {MAX_VALUE} characters"
            )
    wanted: list[tuple[str, str]] = list(inner.items())
    return partial(_compares, _COMPARISONS[dialect], wanted)


def _is_text(value: object) -> bool:
    # PostgreSQL keeps no text with NUL
    return isinstance(value, str) and 1 <= len(value) <= MAX_VALUE and "\0" not in value


def _sql(field: str, inner: object) -> Test:
    if not isinstance(inner, str):
        raise Invalid(field, "must be a text, an expression of CloudEvents SQL")
    if "\0" in inner:  # PostgreSQL again
        raise Invalid(field, "must hold no NUL")
    try:
        expression = parse(inner)
    except Unreadable as err:
        raise Invalid(field, str(err)) from err
    for unknown in expression.unknown:
        raise Invalid(field, str(unknown))
    return expression.accepts


def _compares(
    compare: Callable[[str, str], bool],
    wanted: Sequence[tuple[str, str]],
    attributes: Attributes,
) -> bool:
    return all(
        name in attributes and compare(attributes[name], value)
        for name, value in wanted
    )


def _negated(test: Test, attributes: Attributes) -> bool:
    return not test(attributes)


def _any_of(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
