# SPDX-License-Identifier: Apache-2.0
"""The conformance cases of CloudEvents SQL, as its authors wrote them, once more."""

from tests.unit.test_cesql import CASES, test_a_conformance_case_passes

__all__ = ["test_a_conformance_case_passes"]


def test_no_case_is_left_out():
    assert len(CASES) == 234
