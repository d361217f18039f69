# SPDX-License-Identifier: Apache-2.0
"""The examples in docstrings are true, all of them."""

import doctest
import importlib

import pytest

from tests.pages import ROOT

NAMES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for package in ("notifier", "bridge")
    for file in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in file.read_text("utf-8")
]


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_true(name):
    failed, attempted = doctest.testmod(importlib.import_module(name))

    assert failed == 0
    assert attempted > 0
