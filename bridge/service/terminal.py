# SPDX-License-Identifier: Apache-2.0
"""Whether the terminal that a program was started at is still there."""

import os
import sys


class Terminal:
    """Standard input as it was at the start: a terminal, or none."""

    def __init__(self) -> None:
        self._is_one = sys.stdin is not None and sys.stdin.isatty()

    @property
    def is_gone(self) -> bool:
        """Whether there was one, and nobody sits at it any more."""
        return self._is_one and not os.isatty(sys.stdin.fileno())
