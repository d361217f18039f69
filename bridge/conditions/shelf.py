# SPDX-License-Identifier: Apache-2.0
"""Keeps compiled conditions by their text, and compiles new ones a few at a time.

Compiling takes about half a millisecond; a thousand new conditions at one event would hold
the loop up. Those that come late are judged by the engine, and compiled at a later event.
"""

import time
from typing import Final

from bridge.conditions.compiled import Compiled, compile_text

_SECONDS: Final = 0.005
"""For compiling, at one event; begun is done."""


class Shelf:
    """Compiled conditions, and those that cannot be.

    Args:
        room: How many are kept; a usual one takes 2 KB.
    """

    def __init__(self, room: int = 10_000) -> None:
        self._room = room
        self._kept: dict[str, Compiled | None] = {}
        self._left = _SECONDS

    def renew(self) -> None:
        """Begin the next event."""
        self._left = _SECONDS

    def take(self, text: str) -> Compiled | None:
        """Return the compiled condition; None: there is none, or none yet."""
        try:
            return self._kept[text]
        except KeyError:
            return self._compile(text) if self._left > 0 else None

    def _compile(self, text: str) -> Compiled | None:
        began = time.perf_counter()
        if len(self._kept) >= self._room:
            del self._kept[next(iter(self._kept))]  # the oldest
        compiled = self._kept[text] = compile_text(text)
        self._left -= time.perf_counter() - began
        return compiled
