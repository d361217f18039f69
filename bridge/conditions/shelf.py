# SPDX-License-Identifier: Apache-2.0
"""Keeps compiled conditions by their text.

Compiling takes about half a millisecond; a thousand new conditions at one event would hold
the loop up. Whoever takes them says when there is no time for more: those are judged by
the engine, and compiled at a later event.
"""

from bridge.conditions.compiled import Compiled, compile_text


class Shelf:
    """Compiled conditions, and those that cannot be.

    Args:
        room: How many are kept; a usual one takes 2 KB.
    """

    def __init__(self, room: int = 10_000) -> None:
        self._room = room
        self._kept: dict[str, Compiled | None] = {}

    def take(self, text: str, *, compile: bool = True) -> Compiled | None:  # noqa: A002 - what it says
        """Return the compiled condition; None: there is none, or none yet.

        Args:
            text: Of the condition.
            compile: Whether there is time to compile it, if it is new.
        """
        try:
            return self._kept[text]
        except KeyError:
            return self._compile(text) if compile else None

    def _compile(self, text: str) -> Compiled | None:
        if len(self._kept) >= self._room:
            del self._kept[next(iter(self._kept))]  # the oldest
        compiled = self._kept[text] = compile_text(text)
        return compiled
