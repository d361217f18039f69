# SPDX-License-Identifier: Apache-2.0
"""``key-rotate`` and ``listener-rotate``: other secrets in the place of those known."""

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import click

from bridge.cli.asking import asking, asks
from bridge.cli.configured import configured
from bridge.cli.credentials import note_secret
from bridge.cli.listeners import show_signing
from bridge.cli.showing import show_json
from bridge.cli.spans import read_span
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


@click.command("listener-rotate", short_help="Give a listener a new signing secret.")
@click.argument("listener_id", metavar="ID")
@click.option(
    "--overlap",
    metavar="SPAN",
    callback=read_span,
    default="24h",
    show_default=True,
    help="For so long the old secret signs along: 30m, 24h, 7d, or 0m.",
)
@asks
def listener_rotate(
    *, listener_id: str, overlap: timedelta, bridge_url: str, form: str
) -> None:
    """Give a listener a new signing secret, which is shown this once.

    Until the overlap is over each webhook is signed by both: receivers may take the
    new secret at any time.
    """
    with asking(bridge_url) as bridge:
        seconds = overlap.total_seconds()
        rotated = bridge.listeners.rotate(listener_id, overlap_seconds=seconds)
    note_secret(rotated)
    if form == "json":
        show_json(rotated)
        return
    show_signing(rotated)
    if rotated["former_secret_until"] is not None:
        click.echo(f"former secrets sign along until {rotated['former_secret_until']}")
