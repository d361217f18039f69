# SPDX-License-Identifier: Apache-2.0
"""Garbage that refers to itself goes, though it is looked for seldom."""

import subprocess
import sys

MAKES_GARBAGE = """
from bridge.service import garbage

class Knot:
    alive = most = 0

    def __init__(self):
        self.itself = self
        Knot.alive += 1
        Knot.most = max(Knot.most, Knot.alive)

    def __del__(self):
        Knot.alive -= 1

garbage.look_seldom()
for _ in range(120_000):
    Knot()
print(Knot.most)
"""


def test_garbage_never_grows_beyond_a_bound():
    command = [sys.executable, "-c", MAKES_GARBAGE]
    said = subprocess.run(command, capture_output=True, text=True, check=True)

    assert 1_000 < int(said.stdout) < 100_000
