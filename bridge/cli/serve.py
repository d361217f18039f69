# SPDX-License-Identifier: Apache-2.0
"""``serve``: run a bridge."""

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
def serve(*, config_file: Path | None, host: str | None, port: int | None) -> None:
    """Run a bridge: take events in, tell listeners, answer the API.

    Without settings it uses SQLite in the user's data directory and the bus in this
    process. SIGTERM lets attempts under way end, then it exits with 0.
    """
    from bridge import service  # noqa: PLC0415 - half a second that --help never needs

    given = {
        ("api", "host"): host,
        ("api", "port"): None if port is None else str(port),
    }
    settings = load(config_file, given=given)
    raise SystemExit(service.serve(settings, announce=click.echo))
