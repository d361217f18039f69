# SPDX-License-Identifier: Apache-2.0
"""Every test is run, and run once."""

import pytest

from tests.architecture.tree import ROOT, project_files
from tests.lanes import LANES

TESTS = [
    path.relative_to(ROOT)
    for path in project_files()
    if path.name.startswith("test_") and path.suffix == ".py"
]
# they install what is not ours: `make test-box`, `-browser`, `-interop`, `-mistral`; or minutes
APART = ("tests/box", "tests/browser", "tests/interop", "tests/mistral", "tests/soak")


def lanes_of(path):
    return [name for name, arguments in LANES.items() if is_run(path, arguments)]


def is_run(path, arguments):
    ignored = [one.partition("=")[2] for one in arguments if one.startswith("--")]
    folders = [one for one in arguments if not one.startswith("--")]
    return any(map(path.is_relative_to, folders)) and not any(
        map(path.is_relative_to, ignored)
    )


@pytest.mark.parametrize("path", TESTS, ids=str)
def test_every_test_is_in_one_lane(path):
    expected = 0 if any(map(path.is_relative_to, APART)) else 1

    assert len(lanes_of(path)) == expected
