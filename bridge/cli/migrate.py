# SPDX-License-Identifier: Apache-2.0
"""``migrate``: bring the database to this release's schema."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bridge.cli.configured import configured
from bridge.settings import load


@click.command()
@configured
def migrate(*, config_file: Path | None) -> None:
    """Bring the database to the schema that this release needs.

    It may be run again; serve does the same when it starts.
    """
    from bridge.store import schema  # noqa: PLC0415 - slow; --help is not
    from bridge.store.database import Database  # noqa: PLC0415 - as above

    with Database(load(config_file).database.url) as database:
        with _watched(schema.steps_left(database)) as told:
            before = schema.migrate(database, told)
        now = schema.head()
        said = "is up to date" if before == now else f"was at {before or 'nothing'}"
        click.echo(f"{database.name}: schema {now} ({said})")


@contextmanager
def _watched(steps: int) -> Iterator[Callable[[str], object]]:
    """Tell of each step: by a bar where standard error is a terminal, else by a line."""
    if not sys.stderr.isatty() or not steps:
        yield lambda step: click.echo(f"step {step} is taken", err=True)
        return
    with click.progressbar(length=steps, file=sys.stderr, show_pos=True) as bar:
        yield lambda _: bar.update(1)
