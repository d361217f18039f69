# SPDX-License-Identifier: Apache-2.0
"""What a condition may cost."""

from datetime import timedelta
from typing import Final

MAX_CHARACTERS: Final = 2000
"""Length of an expression."""

MAX_DEPTH: Final = 64
"""Levels of an expression; yaql recurses, and gives up somewhere above 100."""

MAX_DIGITS: Final = 64
"""Digits in a row; yaql's lexer takes quadratic time for them."""

MAX_ITEMS: Final = 10_000
"""Length of a list or a dictionary that an expression goes through."""

MAX_VALUE_BYTES: Final = 8 * 1024 * 1024
"""Size of one intermediate value; a text of a whole body fits in."""

CPU_LIMIT: Final = timedelta(milliseconds=50)
"""Processor time of one evaluation, kept by the kernel."""

MEMORY_LIMIT_BYTES: Final = 512 * 1024 * 1024
"""Address space of the process that evaluates."""

SILENCE_LIMIT: Final = timedelta(seconds=2)
"""A busy process that answers nothing for so long is stuck, whoever's fault it is."""

START_LIMIT: Final = timedelta(seconds=30)
"""A process that is not ready after so long is given up."""
