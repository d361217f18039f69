# SPDX-License-Identifier: Apache-2.0
"""The command `notifier`; each command is imported when it is run."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import click

from notifier.commands import Commands
from notifier.errors import NotifierError
from notifier.settings import Settings, load

ReadSettings = Callable[[], Settings]
"""What every sub-command is handed; raises `SettingsError`."""

_HOMES: Final = {
    "check": "notifier.cli.check:check",
    "completion": "notifier.shells:completion",
    "outbox-create": "notifier.cli.outbox_create:outbox_create",
    "publish": "notifier.cli.publish:publish",
    "relay": "notifier.cli.relay:relay",
    "tail": "notifier.cli.tail:tail",
}


@click.group(
    cls=Commands,
    homes=_HOMES,
    # An optional library that is missing: the message names the extra.
    expected=(NotifierError, ImportError),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="workflow-notifier", message="%(version)s")
@click.option(
    "--config-file",
    type=click.Path(path_type=Path),
    help="Default: NOTIFIER_CONF, ~/.config/workflow-notifier/notifier.conf, "
    "/etc/notifier/notifier.conf.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    help="Holds the token that the bridge wants. Default: NOTIFIER_BRIDGE_TOKEN in the "
    "environment, else the setting.",
)
@click.pass_context
def main(ctx: click.Context, config_file: Path | None, token_file: Path | None) -> None:
    """Tell what happened to executions and tasks, and watch what is told.

    Events go to the broker that AMQP_URL names; without it, to the bridge that
    BRIDGE_URL names, or on 127.0.0.1:8990.
    """
    ctx.obj = partial(load, config_file, token_file=token_file)
