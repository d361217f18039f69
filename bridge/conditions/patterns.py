# SPDX-License-Identifier: Apache-2.0
"""Regular expressions of which can be told beforehand how long they take at most.

Python's own engine stays the judge, so that they mean what yaql means by them. It goes
back and tries again at each repetition, option and alternative; without a repeated
group these choices multiply, and no more.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from bridge.conditions.budget import Budget, Unsure
from bridge.conditions.engine import Constant, Expression

MAX_CHARACTERS: Final = 200
MAX_CHOICES: Final = 10
"""Repetitions, options and alternatives together."""

_STEPS_OF_REGEX: Final = 32
"""Of its engine, in the time of one of ours."""

# `(?…` changes the rules, `\\1` repeats a group, and so does `)*`; of the rest Python
# warns, since they may come to mean something else
_BEYOND: Final = re.compile(r"\(\?|\\\d|\)[*+{]|\[\[|--|&&|~~|\|\|")
_LOOP: Final = re.compile(r"[*+{]")
_CHOICE: Final = re.compile(r"[?|]")

Matches = Callable[[Any], bool]


def matcher(node: Expression, budget: Budget) -> Matches | None:
    """Return what tells whether a pattern is found in a text, paid before it is looked for.

    Args:
        node: The pattern, which has to be a literal.
        budget: Paid from.

    Returns:
        None: The pattern may take exponential time, or is none.
    """
    match node:
        case Constant(value=str(pattern)) if len(pattern) <= MAX_CHARACTERS:
            return _bounded(pattern, budget)
        case _:
            return None


def _bounded(pattern: str, budget: Budget) -> Matches | None:
    if _BEYOND.search(pattern):
        return None
    # an escaped sign counts too: that costs a little, and needs no parser
    loops = len(_LOOP.findall(pattern))
    choices = len(_CHOICE.findall(pattern))
    if loops + choices > MAX_CHOICES:
        return None
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None
    each = len(pattern) * 2**choices

    def matches(text: Any) -> bool:  # noqa: ANN401 - of JSON
        if type(text) is not str:
            raise Unsure
        steps = each * (len(text) + 1) ** (loops + 1)
        budget.spend(steps // _STEPS_OF_REGEX)
        return compiled.search(text) is not None

    return matches
