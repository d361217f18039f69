# SPDX-License-Identifier: Apache-2.0
"""Prints answers: tables and members for people, JSON for programs.

Nothing is cut or broken in two, on a terminal either: what people copy stays whole.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Final

import click

_COLOURS: Final = {
    "pending": "yellow",
    "delivered": "green",
    "dead": "red",
    "disabled": "yellow",
}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def show_json(value: object) -> None:
    """Print JSON, to be read by programs or people."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, one row a line; None is shown as nothing.

    Args:
        columns: Their names. What stands in ``STATE`` is coloured on a terminal.
        rows: A value for each column.
    """
    cells = [[in_words(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    widths[-1] = 0  # blanks at the end would only wrap
    show_row(columns, columns, widths)
    for row in cells:
        show_row(columns, row, widths)


def show_row(
    columns: Sequence[str], row: Sequence[object], widths: Sequence[int]
) -> None:
    """Print one row of a table; what is wider than its column shifts the next ones.

    Args:
        columns: Their names. As a row they are its head.
        row: A value for each column.
        widths: The least that each takes.
    """
    texts = _padded([in_words(value) for value in row], widths)
    if row is columns:
        shown = [click.style(text, bold=True) for text in texts]
    else:
        shown = list(map(_coloured, columns, texts))
    click.echo("  ".join(shown).rstrip())


def show_members(members: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line; those that are None are left out."""
    known = [(in_words(name), one) for name, one in members if one is not None]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        click.echo(f"{click.style(name.ljust(width), bold=True)}  {in_words(value)}")


def moment(time: str) -> str:
    """Return a time as it stands in a table: to the second."""
    return time[:19] + "Z"


def in_words(value: object) -> str:
    """Return a value as people read it; what others wrote steers no terminal."""
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
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def _padded(texts: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    return (text.ljust(width) for text, width in zip(texts, widths, strict=True))


def _coloured(column: str, text: str) -> str:
    colour = _COLOURS.get(text.strip().partition(":")[0])
    return click.style(text, fg=colour) if column == "STATE" and colour else text
