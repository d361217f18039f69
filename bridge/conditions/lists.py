# SPDX-License-Identifier: Apache-2.0
"""Methods of lists that go through their items, lazily as in yaql.

Laziness shows: an item that nobody looks at may lack what the condition asks of it.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, Final

from bridge.conditions.absence import of_null
from bridge.conditions.budget import Unsure
from bridge.conditions.closures import Closure, Items
from bridge.conditions.limits import MAX_ITEMS
from bridge.conditions.operators import add, positive

_NOTHING: Final = object()


def items_of(value: Closure, method: str) -> Items:
    """Return the items of what should be a list, for a method that goes through them."""

    def items(scope: Any) -> list[Any]:  # noqa: ANN401 - of JSON
        found = value(scope)
        if type(found) is list and len(found) <= MAX_ITEMS:
            return found
        if found is None:
            of_null(None, method)
        raise Unsure

    return items


def where(items: Items, predicate: Closure) -> Items:
    """Keep what the predicate holds for."""
    return lambda scope: (one for one in items(scope) if predicate(one))


def select(items: Items, selector: Closure) -> Items:
    """Take of each what the selector says."""
    return lambda scope: (selector(one) for one in items(scope))


STREAMS: Final[Mapping[str, Callable[[Items, Closure], Items]]] = {
    "select": select,
    "where": where,
}
"""From items to items, with a lambda."""


def any_(items: Items, predicate: Closure | None = None) -> Closure:
    """Tell whether there is one for which the predicate holds."""
    if predicate is None:
        return lambda scope: next(iter(items(scope)), _NOTHING) is not _NOTHING
    return lambda scope: any(predicate(one) for one in items(scope))


def all_(items: Items, predicate: Closure | None = None) -> Closure:
    """Tell whether the predicate, or else its own truth, holds for each."""
    if predicate is None:
        return lambda scope: all(items(scope))
    return lambda scope: all(predicate(one) for one in items(scope))


QUANTIFIERS: Final[Mapping[str, Callable[..., Closure]]] = {
    "all": all_,
    "any": any_,
}
"""From items to a value, with or without a lambda."""


def count(items: Iterable[Any]) -> int:
    """Count the items."""
    return sum(1 for _ in items)


def first(items: Iterable[Any], default: object = _NOTHING) -> object:
    """Return the first item, or the default.

    Raises:
        Unsure: There is neither.
    """
    found = next(iter(items), default)
    if found is _NOTHING:
        raise Unsure
    return found


def total(items: Iterable[Any]) -> object:
    """Return the sum of numbers.

    Raises:
        Unsure: There is none, or what is no number.
    """
    numbers = map(positive, items)
    return reduce(add, numbers, first(numbers))


COLLECTORS: Final[Mapping[str, Callable[[Iterable[Any]], object]]] = {
    "count": count,
    "sum": total,
}
"""From items to a value, without arguments."""
