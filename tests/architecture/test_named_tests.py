# SPDX-License-Identifier: Apache-2.0
"""What a page says is proved by a test: that test is there."""

import ast
import re

import pytest

from tests.architecture.tree import ROOT, parsed, project_files

NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?[^`]*`")
PAGES = [
    path.relative_to(ROOT)
    for path in project_files()
    if path.suffix == ".md" and NAMED.search(path.read_text("utf-8"))
]


def test_some_pages_name_tests():
    assert {"reliability.md", "blueprint.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_test_that_a_page_names_is_there(page):
    missing = [
        f"{path}::{name}" if name else path
        for path, name in NAMED.findall((ROOT / page).read_text("utf-8"))
        if not is_there(ROOT / path, name)
    ]

    assert not missing, "\n".join(missing)


def is_there(path, name):
    if not path.is_file():
        return False
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    tests = {one.name for one in ast.walk(parsed(path)) if isinstance(one, defined)}
    return not name or name in tests
