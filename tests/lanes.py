# SPDX-License-Identifier: Apache-2.0
"""Runs the suite in lanes, side by side: most of it waits for servers to come and go.

Run as ``python -m tests.lanes``; arguments go on to each lane's pytest. A lane has
servers of its own and its own memory of what failed, so that ``--last-failed`` works.
"""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.architecture.tree import ROOT

OUTSIDE = ("tests/integration/faults", "tests/acceptance")
LANES = {
    "faults": OUTSIDE,
    "others": ("tests", *(f"--ignore={folder}" for folder in OUTSIDE)),
}
GOOD = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def run(name, arguments):
    """Run one lane and return how it ended; its lines bear its name."""
    cache = f"cache_dir=.pytest_cache/{name}"
    colour = "yes" if sys.stdout.isatty() else "no"
    command = [sys.executable, "-m", "pytest", "-o", cache, f"--color={colour}"]
    with subprocess.Popen(
        [*command, *LANES[name], *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as lane:
        for line in lane.stdout:
            sys.stdout.write(f"{name} │ {line}")
            sys.stdout.flush()
    return lane.returncode


def main():
    """Run all lanes; return 0 if none of them failed, and something was tested."""
    # Ctrl-C reaches the lanes too: they end what they started, and then this ends.
    signal.signal(signal.SIGINT, lambda *_: None)
    began = time.monotonic()
    with ThreadPoolExecutor(len(LANES)) as pool:
        ends = list(pool.map(lambda name: run(name, sys.argv[1:]), LANES))
    seconds = time.monotonic() - began
    is_good = set(ends) <= set(GOOD) and pytest.ExitCode.OK in ends
    verdict = "passed" if is_good else "FAILED"
    sys.stdout.write(f"{verdict} in {seconds // 60:.0f} min {seconds % 60:.0f} s\n")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
