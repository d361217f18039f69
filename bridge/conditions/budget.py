# SPDX-License-Identifier: Apache-2.0
"""What compiled code may spend on one event, so that it can never hold the loop up."""

from typing import Final

MAX_SPENT: Final = 100_000
"""Steps of one evaluation: characters and items gone through; some ms at most."""

STEPS_OF_A_NODE: Final = 4
"""Of one part of a lambda, for each item."""

CHARACTERS_OF_A_LOOK: Final = 4
"""Characters that are searched in the time of one step, for a short part."""

_SHORT: Final = 64
"""Looking for a part of so many characters more takes as long again, at worst."""


class Unsure(Exception):
    """Compiled code does not know, or it would take long; the engine shall judge."""


class Budget:
    """Counts what one evaluation spends.

    Example:
        >>> budget = Budget()
        >>> budget.spend(MAX_SPENT)
        >>> budget.spend(1)
        Traceback (most recent call last):
        bridge.conditions.budget.Unsure
    """

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_SPENT

    def renew(self) -> None:
        """Begin the next evaluation."""
        self._left = MAX_SPENT

    def spend(self, steps: int) -> None:
        """Go so many steps further.

        Raises:
            Unsure: It is too much.
        """
        self._left -= steps
        if self._left < 0:
            raise Unsure

    def look_through(self, text: str, part: str) -> None:
        """Search a text once for a part.

        Raises:
            Unsure: It is too much.
        """
        times = 1 + len(part) // _SHORT
        self.spend(len(text) * times // CHARACTERS_OF_A_LOOK)
