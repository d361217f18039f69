# SPDX-License-Identifier: Apache-2.0
"""Runs the suite in lanes, side by side: most of it waits for servers to come and go.

Run as ``python -m tests.lanes``; arguments go on to each lane's pytest. A lane has
servers of its own and its own memory of what failed, so that ``--last-failed`` works.
What a lane left out is said once more at the very end.
"""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.architecture.tree import ROOT
from tests.conftest import LEFT_OUT

PARTS = "tests/integration"
FAULTS = f"{PARTS}/faults"
PROGRAMS = f"{PARTS}/programs"
EDGES = sorted(
    str(path.relative_to(ROOT))
    for about in (
        *("adapter", "after_commit", "eventlet", "mistral", "notifications", "oslo"),
        *("outbox", "rabbitmq", "relay", "servers", "taskflow", "tls"),
        *("condition", "key_rotation", "nasty", "store"),
    )
    for path in (ROOT / PARTS).glob(f"test_{about}*.py")
)
"""What engines hold in their hands, what they meet there, what comes in and is stored."""

LANES = {
    "bridge": tuple(f"{FAULTS}/{one}" for one in ("bridge", "database")),
    "bus": (f"{FAULTS}/bus", PROGRAMS),
    "edges": (f"{PARTS}/celery", *EDGES, "tests/contract"),
    "parts": (
        PARTS,
        *(f"--ignore={one}" for one in (FAULTS, PROGRAMS, f"{PARTS}/celery", *EDGES)),
    ),
    "rules": tuple(
        f"tests/{kind}" for kind in ("unit", "properties", "acceptance", "architecture")
    ),
}
"""Each takes about as long as the others."""

SAYS_WHAT_IS_LEFT_OUT = re.compile(rf"(\x1b\[\d+m)?{LEFT_OUT}: ")
# The tests start hundreds of processes: each of them would compile all of it anew.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
GOOD = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def run(name, arguments):
    """Run one lane; return how it ended, and what it said of tests that it left out."""
    cache = f"cache_dir=.pytest_cache/{name}"
    colour = "yes" if sys.stdout.isatty() else "no"
    command = [sys.executable, "-m", "pytest", "-o", cache, f"--color={colour}"]
    left_out = []
    with subprocess.Popen(
        [*command, *LANES[name], *arguments],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as lane:
        for line in lane.stdout:
            said = f"{name} │ {line}"
            sys.stdout.write(said)
            sys.stdout.flush()
            if SAYS_WHAT_IS_LEFT_OUT.match(line):
                left_out.append(said)
    return lane.returncode, left_out


def main():
    """Run all lanes; return 0 if none of them failed, and something was tested."""
    # Ctrl-C reaches the lanes too: they end what they started, and then this ends.
    signal.signal(signal.SIGINT, lambda *_: None)
    began = time.monotonic()
    with ThreadPoolExecutor(len(LANES)) as pool:
        ran = list(pool.map(lambda name: run(name, sys.argv[1:]), LANES))
    seconds = time.monotonic() - began
    ends = {end for end, _ in ran}
    is_good = ends <= set(GOOD) and pytest.ExitCode.OK in ends
    for _, left_out in ran:
        sys.stdout.writelines(left_out)
    verdict = "passed" if is_good else "FAILED"
    sys.stdout.write(f"{verdict} in {seconds // 60:.0f} min {seconds % 60:.0f} s\n")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
