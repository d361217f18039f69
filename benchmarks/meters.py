# SPDX-License-Identifier: Apache-2.0
"""What a process and all that it started have used: CPU time and memory (Linux)."""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
_USER, _SYSTEM = 11, 12  # places in /proc/…/stat, counted behind the name


def cpu_seconds(pid: int | None) -> float:
    """Return the user and system time of a process and its descendants that live."""
    ticks = 0
    for one in _tree(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            stat = Path(f"/proc/{one}/stat").read_text().rpartition(") ")[2].split()
            ticks += int(stat[_USER]) + int(stat[_SYSTEM])
    return ticks / _TICKS


def peak_megabytes(pid: int | None) -> float:
    """Return the sum of the most memory that each of them has ever held."""
    kilobytes = 0
    for one in _tree(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            peak = _PEAK.search(Path(f"/proc/{one}/status").read_text())
            kilobytes += int(peak[1]) if peak else 0
    return kilobytes / 1024


def _tree(pid: int | None) -> list[int]:
    if pid is None:
        return []
    found = [pid]
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _tree(int(child))
    return found
