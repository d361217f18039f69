# SPDX-License-Identifier: Apache-2.0
"""The arguments of ``openstack workflow listener …``."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Final

from bridge.cli.options import BOUNDS, DESCRIBING, Option

_WANTED: Final = {
    "project": "project",
    "workbook": "workbook",
    "execution": "execution_id",
    "name": "name",
}
WANTED: Final = (*_WANTED.values(), "enabled", "limit")
"""The names that `take_which` takes values under."""


def take_listener(parser: ArgumentParser) -> None:
    """Let a command take all that a listener is."""
    _take(parser, BOUNDS)
    parser.add_argument("--url", metavar="<url>", help="Where to.")
    parser.add_argument(
        "--type", choices=("http", "amqp"), help="Of the callback. Default: http."
    )
    _take(parser, DESCRIBING)
    order = parser.add_mutually_exclusive_group()
    for word, is_ordered, told in (
        ("--ordered", True, "Each execution's events one after the other."),
        ("--unordered", False, "All at once, as it is at first."),
    ):
        order.add_argument(
            word, dest="ordered", action="store_const", const=is_ordered, help=told
        )
    _take_switch(parser, enable="Told, as it is at first.", disable="Not told.")


def take_which(parser: ArgumentParser) -> None:
    """Let a command take which listeners are wanted."""
    for word, name in _WANTED.items():
        parser.add_argument(
            f"--{word}", dest=name, metavar=f"<{word}>", help=f"Only of this {word}."
        )
    _take_switch(parser, enabled="Only those.", disabled="Only those.")
    parser.add_argument("--limit", metavar="<number>", type=int, help="At most.")


def _take(parser: ArgumentParser, options: Iterable[Option]) -> None:
    for option in options:
        parser.add_argument(
            option.flag,
            dest=option.name,
            metavar=_metavar(option),
            action="append" if option.is_repeated else "store",
            default=[] if option.is_repeated else None,
            choices=option.choices or None,
            type=_reader(option),
            help=option.help,
        )


def _metavar(option: Option) -> str | None:
    if option.choices or option.metavar is not None:
        return option.metavar
    return f"<{option.flag.removeprefix('--')}>"


def _reader(option: Option) -> Callable[[str], str | int | float]:
    if not option.choices:
        return option.kind
    known = {choice.lower(): choice for choice in option.choices}
    return lambda typed: known.get(typed.lower(), typed)


def _take_switch(parser: ArgumentParser, **meanings: str) -> None:
    switch = parser.add_mutually_exclusive_group()
    for word, meaning in meanings.items():
        switch.add_argument(
            f"--{word}",
            dest="enabled",
            action="store_const",
            const=word.startswith("enable"),
            help=meaning,
        )
