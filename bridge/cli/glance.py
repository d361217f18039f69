# SPDX-License-Identifier: Apache-2.0
"""One look at a bridge, and how it is shown: on a screen, as lines, as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bridge.cli.gauging import Rates, Reading
from bridge.cli.showing import in_words, show_members, show_table
from bridge.cli.wording import bound_to, callback_of, state_of

COLUMNS: Final = ("STATE", "LISTENER", "LISTENS TO", "CALLBACK")
_LINES_ABOVE: Final = 8


@dataclass(frozen=True, slots=True)
class Glance:
    """How a bridge stands.

    Attributes:
        reasons: Why it does not do its work; empty: it does.
        reading: None where the token may not see it.
        rates: Since the look before; None: there was none.
        waiting: Deliveries that are pending, at most `counted`; `dead` alike.
        listeners: As the API shows them.
    """

    url: str
    reasons: tuple[str, ...]
    reading: Reading | None
    rates: Rates | None
    waiting: int
    dead: int
    counted: int
    listeners: tuple[Mapping[str, Any], ...]

    @property
    def unwell(self) -> list[Mapping[str, Any]]:
        """The listeners, those first that are disabled or left alone for a while."""
        return sorted(self.listeners, key=lambda one: not _is_unwell(one))


def as_json(glance: Glance) -> dict[str, Any]:
    """Return it for programs."""
    return {
        "ready": not glance.reasons,
        "reasons": list(glance.reasons),
        "rates": None if glance.rates is None else asdict(glance.rates),
        "waiting": glance.waiting,
        "dead": glance.dead,
        "counted_to": glance.counted,
        "listeners": list(glance.unwell),
    }


def as_text(glance: Glance) -> None:
    """Print it as lines."""
    show_members((name, value) for name, value, _ in _figures(glance))
    if glance.listeners:
        click.echo()
        show_table(COLUMNS, map(_row, glance.unwell))


def as_screen(glance: Glance, height: int) -> RenderableType:
    """Return what fills a terminal of so many lines."""
    head = Text.assemble(
        ("notifier-bridge top", "bold"), f"  {glance.url}  Ctrl-C ends"
    )
    figures = Table.grid(padding=(0, 2))
    for name, value, style in _figures(glance):
        figures.add_row(Text(name, "bold"), Text(value, style))
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for name in COLUMNS:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    room = max(1, height - _LINES_ABOVE - 2)
    for one in glance.unwell[:room]:
        row = [in_words(value) for value in _row(one)]
        table.add_row(*map(Text, row), style="yellow" if _is_unwell(one) else "")
    left = len(glance.listeners) - room
    more = Text(f"and {left} more" if left > 0 else "", "dim")
    return Group(head, figures, Text(), table, more)


def _figures(glance: Glance) -> Iterator[tuple[str, str, str]]:
    ready = "ready" if not glance.reasons else "; ".join(glance.reasons)
    yield "bridge", in_words(ready), "red" if glance.reasons else "green"
    rates, reading = glance.rates, glance.reading
    if rates is not None:
        yield "events", f"{rates.events:.1f}/s", ""
        success = "" if rates.success is None else f", {rates.success:.0%} succeeded"
        is_bad = rates.success is not None and rates.success < 1
        yield "attempts", f"{rates.attempts:.1f}/s{success}", "yellow" if is_bad else ""
    if reading is not None:
        yield "in flight", str(reading.in_flight), ""
        resting = f", {reading.resting} left alone" if reading.resting else ""
        yield "listeners", f"{reading.listeners}{resting}", "yellow" if resting else ""
    yield "waiting", _counted(glance.waiting, glance.counted), ""
    yield "dead", _counted(glance.dead, glance.counted), "red" if glance.dead else ""


def _counted(count: int, limit: int) -> str:
    return f"{count} or more" if count >= limit else str(count)


def _row(listener: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        state_of(listener),
        listener["name"] or listener["id"],
        bound_to(listener),
        callback_of(listener),
    )


def _is_unwell(listener: Mapping[str, Any]) -> bool:
    return state_of(listener) != "enabled"
