# SPDX-License-Identifier: Apache-2.0
"""docs/reference/event-types.md tells the truth."""

import re
from pathlib import Path

from notifier.event_types import ALIASES, GROUPS, TYPES, expand, matches

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "event-types.md"


def table(heading):
    """Return the rows of the tables whose first column has this heading."""
    text = PAGE.read_text("utf-8")
    rows = re.findall(
        rf"^\| {heading} \|.*\n\| --- .*\n((?:\|.*\n)+)", text, re.MULTILINE
    )
    lines = "".join(rows).splitlines()
    assert lines, f"no table of {heading}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell):
    return tuple(re.findall(r"`([^`]+)`", cell))


def test_every_type_is_listed_in_its_order():
    assert [names(row[0])[0] for row in table("type")] == list(TYPES)


def test_every_group_is_listed_with_its_pattern():
    said = {names(group)[0]: names(pattern)[0] for group, pattern in table("group")}

    assert said == {group.upper(): pattern for group, pattern in GROUPS.items()}


def test_every_alias_is_listed_with_its_types():
    said = {
        names(alias)[0].lower().replace("_", "-"): names(types)
        for alias, types in table("alias")
    }

    assert said == ALIASES


def test_every_name_is_understood_as_it_is_written():
    for kind in ("type", "group", "alias"):
        for row in table(kind):
            assert expand(names(row[0])[0])


def test_the_patterns_accept_what_the_page_says():
    (line,) = re.findall(r"^`\*` stands for .*$", PAGE.read_text("utf-8"), re.MULTILINE)
    _, *patterns = names(line)

    accepted = {one: [t for t in TYPES if matches(*expand(one), t)] for one in patterns}
    assert accepted == {
        "task.re*": ["task.resumed", "task.rerun", "task.retrying"],
        "*.failed": ["execution.failed", "task.failed"],
    }
