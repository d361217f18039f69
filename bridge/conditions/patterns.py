# SPDX-License-Identifier: Apache-2.0
"""Regular expressions of which can be told beforehand how long they take at most.

Python's own engine stays the judge, so that they mean what yaql means by them. It goes
back and tries again at each repetition, option and alternative; without a repeated
group these choices multiply, and no more.
"""

import re
import warnings
from collections.abc import Callable
from typing import Final

from bridge.conditions.budget import Budget, Unsure

_MAX_CHARACTERS: Final = 200
_MAX_CHOICES: Final = 10
_STEPS_OF_REGEX: Final = 32
"""Of its engine, in the time of one of ours."""

# `(?…` changes the rules, `\\1` repeats a group, and so does `)*`
_BEYOND: Final = re.compile(r"\(\?|\\\d|\)[*+{]")
_LOOP: Final = re.compile(r"[*+{]")
_CHOICE: Final = re.compile(r"[?|]")

Search = Callable[[str], re.Match[str] | None]


def bounded(pattern: str, budget: Budget) -> Search | None:
    """Return a search for the pattern that spends of the budget first.

    Returns:
        None: The pattern may take exponential time, or is none.
    """
    if len(pattern) > _MAX_CHARACTERS or _BEYOND.search(pattern):
        return None
    # an escaped sign counts too: that costs a little, and needs no parser
    loops = len(_LOOP.findall(pattern))
    choices = len(_CHOICE.findall(pattern))
    if loops + choices > _MAX_CHOICES:
        return None
    try:
        with warnings.catch_warnings(action="error"):
            compiled = re.compile(pattern)
    except (re.error, FutureWarning, RecursionError):
        return None
    each = len(pattern) * 2**choices

    def search(text: str) -> re.Match[str] | None:
        if type(text) is not str:
            raise Unsure
        steps = each * (len(text) + 1) ** (loops + 1)
        budget.spend(steps // _STEPS_OF_REGEX)
        return compiled.search(text)

    return search
