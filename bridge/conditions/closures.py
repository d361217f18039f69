# SPDX-License-Identifier: Apache-2.0
"""What conditions are compiled to, and how a part says that it cannot be."""

from collections.abc import Callable, Iterable
from typing import Any

from bridge.conditions.engine import Constant, Expression

Closure = Callable[[Any], Any]
"""Takes what `$` stands for."""

Items = Callable[[Any], Iterable[Any]]
"""Takes what `$` stands for; the items come as they are asked for."""


Types = frozenset[type[object]]


class NotCompiled(Exception):
    """The condition holds what only the engine knows."""


def fits(node: Expression, types: Types) -> bool:
    """Tell whether the node is no literal, or one of these types.

    yaql looks at literals before it evaluates anything: with one that can never fit,
    the condition is wrong whatever the data is.
    """
    return not isinstance(node, Constant) or type(node.value) in types
