# SPDX-License-Identifier: Apache-2.0
"""``key-rotate``: seal the database with another key."""

from contextlib import ExitStack
from pathlib import Path

import click

from bridge.cli.configured import configured
from bridge.settings import load


@click.command("key-rotate", short_help="Seal the database with another key.")
@configured
@click.option(
    "--to",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Holds the new key; made if it is missing.",
)
def key_rotate(*, config_file: Path | None, file: Path) -> None:
    """Seal what is secret in the database with the key in FILE.

    It is done in one transaction; if it is killed, run it again. On PostgreSQL bridges
    may be at work: they go on telling listeners, and refuse changes of listeners until
    they are started again with the new key.
    """
    from bridge.service.stores import vault_of  # noqa: PLC0415 - slow; --help is not
    from bridge.store import schema  # noqa: PLC0415 - as above
    from bridge.store.database import Database  # noqa: PLC0415 - as above
    from bridge.store.lock import alone  # noqa: PLC0415 - as above
    from bridge.store.rotation import rotate  # noqa: PLC0415 - as above
    from bridge.store.vault import Vault, read_key  # noqa: PLC0415 - as above

    settings = load(config_file)
    with ExitStack() as stack:
        database = stack.enter_context(Database(settings.database.url))
        if database.file is not None:
            stack.enter_context(alone(database.file))
        schema.require_current(database)
        old, new = vault_of(settings), Vault(read_key(file))
        number = rotate(database, old, new)
    if number is None:
        click.echo(f"{database.name}: sealed with key {new.fingerprint} already")
    else:
        click.echo(
            f"{database.name}: {number} rows sealed with key {new.fingerprint}, not "
            f"{old.fingerprint}"
        )
    click.echo(
        f"next: let [secrets] key_file be {file}, or OS_SECRETS__KEY what it holds, "
        "and start the bridges again"
    )
