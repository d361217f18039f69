# SPDX-License-Identifier: Apache-2.0
"""Prints answers: tables for people, JSON for programs.

On a terminal tables are drawn by rich and fit its width; elsewhere they are plain
columns, never cut, one row a line.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def show_json(value: object) -> None:
    """Print JSON, to be read by programs or people."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; None is shown as nothing.

    Args:
        columns: Their names.
        rows: A value for each column.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in columns:
            # What people copy is never cut.
            whole = name == "ID"
            table.add_column(
                name, no_wrap=whole, overflow="ignore" if whole else "fold"
            )
        for row in cells:
            table.add_row(*map(Text, row))  # Text: nothing in it is markup
        Console().print(table)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in (columns, *cells):
        padded = (c.ljust(w) for c, w in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def show_members(members: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line; those that are None are left out."""
    known = [(name, value) for name, value in members if value is not None]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        click.echo(f"{click.style(name.ljust(width), bold=True)}  {_cell(value)}")


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            text = "yes" if value else "no"
        case list():
            text = ", ".join(map(str, value))
        case dict():
            text = ", ".join(f"{name}: {one}" for name, one in value.items())
        case _:
            text = str(value)
    # What others wrote must not steer the terminal.
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
