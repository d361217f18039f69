# SPDX-License-Identifier: Apache-2.0
"""The shape of each file."""

import ast
import re

from tests.architecture.tree import named, parsed, python_files

MAX_LINES = 300
SPDX = "# SPDX-License-Identifier: Apache-2.0"
EMPTY_WORDS = {
    *("util", "utils", "helper", "helpers", "common", "manager", "managers"),
    *("base", "misc"),
}
# A full stop and a capital letter: a second sentence.
SECOND_SENTENCE = re.compile(r"[.!?]\s+[A-Z`]")


def is_one_sentence(docstring):
    first = (docstring or "").partition("\n\n")[0].strip()
    return first.endswith((".", "?", "!")) and not SECOND_SENTENCE.search(first)


def test_no_file_is_over_300_lines():
    lengths = {named(one): len(one.read_text().splitlines()) for one in python_files()}
    wrong = [f"{name}: {n} lines" for name, n in lengths.items() if n > MAX_LINES]

    assert not wrong, "\n".join(wrong)


def test_every_file_starts_with_its_licence():
    wrong = [
        named(one) for one in python_files() if one.read_text().split("\n")[0] != SPDX
    ]

    assert not wrong, "\n".join(wrong)


def test_every_file_tells_its_job_in_one_sentence():
    wrong = [
        named(one)
        for one in python_files()
        if not is_one_sentence(ast.get_docstring(parsed(one)))
    ]

    assert not wrong, "\n".join(wrong)


def test_no_file_is_named_after_nothing():
    wrong = [
        named(one)
        for one in python_files()
        if EMPTY_WORDS & {*one.stem.split("_"), one.parent.name}
    ]

    assert not wrong, "\n".join(wrong)


def test_what_starts_with_an_underscore_stays_in_its_file():
    wrong = [
        f"{named(one, node.lineno)} {alias.name}"
        for one in python_files()
        for node in ast.walk(parsed(one))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if re.match(r"_(?!_)", alias.name)
    ]

    assert not wrong, "\n".join(wrong)


def test_the_rule_for_one_sentence_can_tell():
    assert is_one_sentence("Brings events to the bus, v1.0 of them.\n\nMore. And more.")
    assert not is_one_sentence("Brings events. Takes them back.")
    assert not is_one_sentence("Brings events")
    assert not is_one_sentence(None)
