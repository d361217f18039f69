# SPDX-License-Identifier: Apache-2.0
"""A bridge dies at each of a delivery's first 130 writes, and loses nothing."""

import pytest

from tests.sweep import sweep

POINTS = 130  # a delivery with two retries has a few less
DIES_AT = 100
SOME = 5  # of the short form: each fifth


@pytest.mark.timeout(1800)
def test_a_bridge_that_dies_at_any_write_loses_nothing(tmp_path, extent, note):
    points = range(1, POINTS + 1, SOME if extent.is_short else 1)
    found = sweep(tmp_path, points)

    note(
        {
            "bridge dies at its K-th write: points": found.died,
            "bridge dies at its K-th write: lost": len(found.lost),
            "bridge dies at its K-th write: told twice": found.repeated,
        }
    )
    assert found.lost == []
    assert found.renamed == []
    assert found.died >= (len(points) / 2 if extent.is_short else DIES_AT)
