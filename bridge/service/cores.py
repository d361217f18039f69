# SPDX-License-Identifier: Apache-2.0
"""Keeps what stands in this process's memory out of core dumps."""

import ctypes
import resource
import sys
from contextlib import suppress
from typing import Final

_SET_DUMPABLE: Final = 4  # PR_SET_DUMPABLE of prctl(2)


def leave_none() -> None:
    """Let the system write no core if this process dies; children inherit the limit.

    The limit alone would not do on Linux: it does not hold for a program that cores
    are piped to (core(5)). Not dumpable, the memory is nobody's who is not root.
    """
    # systemd's SystemCallFilter may forbid it; LimitCORE has set it then
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
