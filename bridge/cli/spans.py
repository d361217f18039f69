# SPDX-License-Identifier: Apache-2.0
"""Reads times such as ``30d``, ``12h`` and ``90m``, as options take them."""

import re
from datetime import timedelta
from typing import Final

import click

_SPAN = re.compile(r"(\d{1,6})([dhm])")
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


def read_span(_ctx: click.Context, _option: click.Parameter, text: str) -> timedelta:
    """Return what an option was given as a time."""
    return span_of(text, "write 30d, 12h or 90m")


def span_of(text: str, advice: str) -> timedelta:
    """Return a text as a time.

    Raises:
        click.BadParameter: It is none; gives the advice.
    """
    span = _SPAN.fullmatch(text)
    if span is None:
        raise click.BadParameter(advice)
    return timedelta(**{_UNITS[span[2]]: int(span[1])})
