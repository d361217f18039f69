# SPDX-License-Identifier: Apache-2.0
"""``serve``: run a bridge."""

from functools import partial
from pathlib import Path

import click

from bridge.cli.configured import configured
from bridge.settings import load


@click.command(short_help="Run a bridge.")
@configured
@click.option("--host", help="Where the API listens.  [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="0: a free one.  [default: 8990]"
)
@click.option("--no-api", is_flag=True, help="Answer health and metrics alone.")
@click.option("--no-worker", is_flag=True, help="Leave delivering to other bridges.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="So many processes share the work; needs RabbitMQ and PostgreSQL.",
)
def serve(
    *,
    config_file: Path | None,
    host: str | None,
    port: int | None,
    no_api: bool,
    no_worker: bool,
    workers: int,
) -> None:
    """Run a bridge: take events in, tell listeners, answer the API.

    Without settings it uses SQLite in the user's data directory and the bus in this
    process. SIGTERM lets attempts under way end, then it exits with 0. SIGHUP loads
    the settings again; what needs a restart is named in the log.
    """
    from bridge import service  # noqa: PLC0415 - half a second that --help never needs

    given = {
        ("api", "host"): host,
        ("api", "port"): None if port is None else str(port),
    }
    modes = service.Modes(api=not no_api, worker=not no_worker)
    again = partial(load, config_file, given=given)
    status = service.serve(again, modes=modes, announce=click.echo, workers=workers)
    raise SystemExit(status)
