# SPDX-License-Identifier: Apache-2.0
"""Numbers of events, by which those who hear them know what came first."""

import time


class Numbering:
    """Numbers that grow by each; not safe to share between threads.

    They are the microseconds since 1970, or a little ahead of them: so they go on to grow
    when another process takes over, and nearly so between two.

    Example:
        >>> numbering = Numbering()
        >>> numbering.next() < numbering.next()
        True
    """

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """Return the next number."""
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return self._last


def sequence_of(number: int) -> str:
    """Return a number as the attribute ``sequence`` of an event, in whose order it sorts.

    Example:
        >>> sequence_of(42)
        '0000000000000042'
    """
    return f"{number:016d}"
