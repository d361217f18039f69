# SPDX-License-Identifier: Apache-2.0
"""A bridge that dies at any of its writes has lost nothing of what it has confirmed."""

from tests import figures
from tests.sweep import sweep

POINTS = range(1, 101, 9)  # make soak tries each of a hundred


def test_a_bridge_that_dies_at_any_write_loses_nothing(tmp_path):
    found = sweep(tmp_path, POINTS)

    points, lost = found.died, len(found.lost)
    figures.note({f"bridge dies at its K-th write, {points} points: lost": lost})
    assert found.lost == []
    assert found.renamed == []
    assert found.died >= len(POINTS) / 2
