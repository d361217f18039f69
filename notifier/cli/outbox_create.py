# SPDX-License-Identifier: Apache-2.0
"""``notifier outbox-create``: make the table that a relay reads, or tell its SQL."""

import click

from notifier.cli import ReadSettings
from notifier.errors import SettingsError
from notifier.settings import Settings


@click.command("outbox-create")
@click.option("--database", help="Of the engine; default: DATABASE_URL, the setting.")
@click.option("--table", help="Name, or schema.name; default: the setting.")
@click.option(
    "--sql",
    type=click.Choice(["postgresql", "sqlite"]),
    help="Make nothing; show the statements.",
)
@click.pass_obj
def outbox_create(
    read_settings: ReadSettings,
    /,
    database: str | None,
    table: str | None,
    sql: str | None,
) -> None:
    """Make an outbox in an engine's database, unless it is there.

    An engine that manages its own schema takes the statements, or adds the table to its
    SQLAlchemy metadata, as docs/how-to/outbox.md shows.
    """
    from notifier.relay import create, statements  # noqa: PLC0415 - optional library

    settings = read_settings()
    if sql is not None:
        click.echo(statements(table or settings.outbox.table, sql), nl=False)
        return
    url, name = where(settings, database, table)
    made = create(url, name)
    click.echo(f"made the table {name}" if made else f"the table {name} is there")


def where(
    settings: Settings, database: str | None, table: str | None
) -> tuple[str, str]:
    """Return URL and table of the outbox; what is given wins over the settings.

    Raises:
        SettingsError: There is no URL.
    """
    url = database or settings.outbox.url
    if url is None:
        raise SettingsError(
            "where is the outbox? set --database, DATABASE_URL or [outbox] url to the "
            "engine's database"
        )
    return url, table or settings.outbox.table
