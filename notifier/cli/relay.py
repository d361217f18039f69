# SPDX-License-Identifier: Apache-2.0
"""``notifier relay``: bring what an engine wrote into its outbox to the bus."""

import json
import logging
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from notifier import logs
from notifier.cli import ReadSettings
from notifier.cli.faults import explained
from notifier.cli.outbox_create import where
from notifier.connection import open_publisher
from notifier.errors import Unreachable
from notifier.settings import Settings, masked

if TYPE_CHECKING:
    from notifier.relay import Relay

_log = logging.getLogger(__name__)


@click.command()
@click.option("--database", help="Of the engine; default: DATABASE_URL, the setting.")
@click.option("--table", help="Name, or schema.name; default: the setting.")
@click.option("--once", is_flag=True, help="End when nothing is due.")
@click.option("--again", is_flag=True, help="First take up again what was set aside.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=10,
    show_default=True,
    help="Seconds for a batch to be confirmed.",
)
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
@click.pass_obj
def relay(
    read_settings: ReadSettings,
    /,
    *,
    database: str | None,
    table: str | None,
    once: bool,
    again: bool,
    timeout: float,
    form: str,
) -> None:
    """Bring what an engine wrote into its outbox to the bus.

    Works until it is told to stop (SIGTERM, Ctrl-C), and outlives trouble with database
    and bus. Several may run on one outbox: one works, the others stand by. With --once
    the exit status is 0 if all that was due was published.
    """
    from notifier.relay import Relay  # noqa: PLC0415 - optional library

    settings = read_settings()
    url, name = where(settings, database, table)
    logs.set_up("INFO", "json" if form == "json" else "line")
    publisher, patience = open_publisher(settings), timedelta(seconds=timeout)
    with Relay(url, publisher, table=name, timeout=patience) as moving:
        if again:
            _log.info("taken up again", extra={"events": moving.take_up_again()})
        if once:
            _run_once(settings, moving, form)
        else:
            _run(settings, url, moving)


def _run(settings: Settings, url: str, moving: "Relay") -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: moving.stop())
    bus = masked(settings.bus.url or settings.http_url)
    _log.info("relay starts", extra={"outbox": masked(url), "bus": bus})
    moving.run()
    _log.info("relay stopped", extra={"events": moving.tally.published})


def _run_once(settings: Settings, moving: "Relay", form: str) -> None:
    try:
        moving.run_once()
    except Unreachable as err:
        raise click.ClickException(explained(err, settings)) from err
    tally = moving.tally
    said = {
        "published": tally.published,
        "refused": tally.refused,
        "set_aside": tally.set_aside,
    }
    text = "published {published}, refused {refused}, set aside {set_aside}"
    click.echo(json.dumps(said) if form == "json" else text.format_map(said))
    if tally.refused or tally.set_aside:
        raise click.exceptions.Exit(1)
