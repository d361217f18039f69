# SPDX-License-Identifier: Apache-2.0
"""``migrate``: bring the database to this release's schema."""

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
        before = schema.migrate(
            database, lambda step: click.echo(f"step {step} is taken", err=True)
        )
        now = schema.head()
        said = "is up to date" if before == now else f"was at {before or 'nothing'}"
        click.echo(f"{database.name}: schema {now} ({said})")
