# SPDX-License-Identifier: Apache-2.0
"""What is generated from the code is as the code is now."""

import pytest

from bridge.settings import load
from tests.generated import FILES, ROOT


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_is_current(name):
    assert (ROOT / name).read_text("utf-8") == FILES[name](), "run: make samples"


def test_the_sample_sets_nothing():
    sample = ROOT / "etc/bridge/bridge.conf.sample"

    assert load(sample, environ={}) == load(environ={})
