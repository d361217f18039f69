# SPDX-License-Identifier: Apache-2.0
"""What must not stand anywhere in the tree."""

import ast
import re

import pytest

from tests.architecture.tree import ROOT, named, parsed, project_files, python_files

PATH_OF_A_MACHINE = re.compile(
    r"(?<![\w.])/(work|farm|root|home/(?!me/)\w+|Users/\w+)/"
)
REGISTRY_HOST = re.compile(
    r"pypi\.org|pythonhosted\.org|deb\.debian\.org|npmjs\.(org|com)|ubuntu\.com",
    re.IGNORECASE,
)
LEAVES_OUT = {"skipif", "xfail", "importorskip", "skipTest"}


def lines_with(pattern):
    found = []
    for path in project_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:  # a picture
            continue
        found += [
            named(path, number)
            for number, line in enumerate(text.splitlines(), start=1)
            if pattern.search(line)
        ]
    return found


def test_no_path_of_a_machine_is_in_the_tree():
    found = lines_with(PATH_OF_A_MACHINE)

    assert not found, "\n".join(found)


def test_no_host_of_a_package_registry_is_in_the_tree():
    found = lines_with(REGISTRY_HOST)

    assert not found, "\n".join(found)


def test_a_test_is_left_out_only_where_the_broker_is_somebody_elses():
    """Then it is said aloud, and refused in CI. No failure is expected."""
    found = [
        f"{named(path, node.lineno)} {ast.unparse(node)}"
        for path in python_files()
        if path.is_relative_to(ROOT / "tests")
        for node in ast.walk(parsed(path))
        if leaves_out(node)
    ]

    assert not found, "\n".join(found)


def leaves_out(node):
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.skip":
        return not ast.unparse(node).startswith("pytest.skip('AMQP_URL: ")
    return isinstance(node, ast.Attribute) and (
        node.attr in LEAVES_OUT or ast.unparse(node) == "pytest.mark.skip"
    )


def test_no_test_sleeps_for_a_fixed_time_without_a_reason():
    """Who waits looks again and again until a deadline; ``sleep(0)`` only yields.

    Where time itself is what the test is about, the line says so in a comment.
    """
    found = [
        named(path, call.lineno)
        for path in python_files()
        if path.is_relative_to(ROOT / "tests")
        for call in sleeps(parsed(path)) - sleeps(*loops(parsed(path)))
        if "  # " not in path.read_text().splitlines()[call.lineno - 1]
    ]

    assert not found, "\n".join(found)


def loops(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.While)]


def sleeps(*trees):
    return {
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"time.sleep", "asyncio.sleep", "sleep"}
        and ast.unparse(node.args[0]) != "0"
    }


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (PATH_OF_A_MACHINE, "see " + "/home" + "/somebody/x"),
        (REGISTRY_HOST, "https://" + "PyPI" + ".org/simple"),
    ],
    ids=["path", "host"],
)
def test_the_patterns_find_what_they_are_for(pattern, text):
    assert pattern.search(text)


@pytest.mark.parametrize(
    ("code", "is_left_out"),
    [
        ("pytest.skip('AMQP_URL: no management API')", False),
        ("pytest.skip('too slow')", True),
        ("pytest.mark.skip(reason='later')", True),
        ("pytest.mark.xfail", True),
    ],
)
def test_the_rule_for_leaving_out_can_tell(code, is_left_out):
    assert any(leaves_out(node) for node in ast.walk(ast.parse(code))) == is_left_out


def test_the_rule_for_sleeping_can_tell():
    fixed = ast.parse("time.sleep(1)")
    looking = ast.parse("while not done():\n    time.sleep(0.1)")

    assert sleeps(fixed) - sleeps(*loops(fixed))
    assert not sleeps(looking) - sleeps(*loops(looking))
