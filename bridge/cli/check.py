# SPDX-License-Identifier: Apache-2.0
"""``check``: tells whether a bridge would start and work; changes nothing."""

from pathlib import Path
from typing import Final

import click

from bridge.cli.configured import configured

_WIDTH: Final = 9


@click.command(short_help="Tell whether a bridge would start and work.")
@configured
def check(*, config_file: Path | None) -> None:
    """Tell whether a bridge would start with these settings, and work.

    The exit status is 0 if it would.
    """
    from bridge.cli.examination import examine  # noqa: PLC0415 - slow; --help is not

    found = list(examine(config_file))
    for one in found:
        about = click.style(one.about.ljust(_WIDTH), fg="green" if one.good else "red")
        click.echo(f"{about} {one.text}", err=not one.good)
    if not all(one.good for one in found):
        raise click.exceptions.Exit(1)
