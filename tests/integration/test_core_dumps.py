# SPDX-License-Identifier: Apache-2.0
"""A bridge that dies leaves its memory to nobody."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from bridge.service import cores
from tests.bridges import BridgeProcess


def test_a_crash_leaves_no_core(tmp_path):
    key = Fernet.generate_key().decode()
    with BridgeProcess(tmp_path, OS_SECRETS__KEY=key) as bridge:
        limits = Path(f"/proc/{bridge.pid}/limits").read_text()
        os.kill(bridge.pid, signal.SIGABRT)
        bridge.end()

    (limit,) = [one.split() for one in limits.splitlines() if "core file" in one]
    assert limit[4:6] == ["0", "0"]
    assert list(Path().glob("core*")) == []
    assert key not in bridge.said


def test_not_even_a_program_that_cores_are_piped_to_gets_one():
    ask = (
        "import ctypes, runpy, sys; runpy.run_path(sys.argv[1])['leave_none'](); "
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    done = subprocess.run(
        (sys.executable, "-c", ask, cores.__file__),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "0\n"
