# SPDX-License-Identifier: Apache-2.0
"""What stands in a page of the documentation: code blocks, tables, links, keys."""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from notifier.event import Event

ROOT = Path(__file__).parents[1]

_FENCE = re.compile(r"^```(.*)\n([\s\S]*?)^```$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^]]*]\(([^)\s]+)\)")
_CODE = re.compile(r"^`([^`]*)`$")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code.

    Attributes:
        info: What stands behind the fence: a language, and a note to the tests.
    """

    info: str
    text: str


class Page:
    """One page; `path` is relative to the checkout."""

    def __init__(self, path):
        self.file = ROOT / path
        self.text = self.file.read_text("utf-8")

    def blocks(self, *infos, section=None):
        """Return the blocks, all or those of some infos, whole page or one section."""
        text = self.text if section is None else self._section(section)
        found = [Block(info, code) for info, code in _FENCE.findall(text)]
        return [one for one in found if not infos or one.info in infos]

    def block(self, info):
        """Return the text of the one block with this info."""
        (found,) = self.blocks(info)
        return found.text

    def table(self, *columns):
        """Return the rows of the tables with these columns; a cell of code is bare."""
        head = f"| {' | '.join(columns)} |\n"
        _, *tables = self.text.split(head)
        assert tables, f"{self.file} has no table of {columns}"
        lines = []
        for table in tables:
            _, *rest = table.splitlines()
            lines += itertools.takewhile(lambda line: line.startswith("|"), rest)
        return [_cells(line) for line in lines]

    def links(self):
        """Return where its links lead."""
        return _LINK.findall(_FENCE.sub("", self.text))

    def anchors(self):
        """Return what may stand behind ``#`` in a link to it."""
        headings = _HEADING.findall(_FENCE.sub("", self.text))
        return {_slug(heading) for _, heading in headings}

    def _section(self, title):
        start = self.text.index(f"\n## {title}\n")
        end = self.text.find("\n## ", start + 1)
        return self.text[start : end if end > 0 else None]


def pages():
    """Return all pages that people read."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(str(file.relative_to(ROOT)) for file in files)


def event_for(key):
    """Return an event whose routing key should be this one."""
    kind, what, *words = key.split(".")
    names = [None if word == "-" else unquote(word) for word in words]
    project, workbook, workflow, *task = names
    return Event.new(
        f"{kind}.{what}",
        execution="e1",
        task=task[0] if task else None,
        project=project,
        workbook=workbook,
        workflow=workflow,
    )


def _cells(line):
    inner = line.strip().removeprefix("|").removesuffix("|")
    return tuple(_CODE.sub(r"\1", cell.strip()) for cell in inner.split("|"))


def _slug(heading):
    # as GitHub makes them
    text = re.sub(r"[^\w\- ]", "", heading.lower())
    return text.replace(" ", "-")
