# SPDX-License-Identifier: Apache-2.0
"""The command `notifier`; each command is imported when it is run."""

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from notifier.errors import NotifierError
from notifier.settings import Settings, load

ReadSettings = Callable[[], Settings]
"""What every sub-command is handed; raises `SettingsError`."""

_HOMES: Final = {
    "check": "notifier.cli.check",
    "completion": "notifier.shells",
    "outbox-create": "notifier.cli.outbox_create",
    "publish": "notifier.cli.publish",
    "relay": "notifier.cli.relay",
    "tail": "notifier.cli.tail",
}
"""Command to the module that it is in, under its own name."""


class _Commands(click.Group):
    """Imports a command when it is used; shows an error as one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(_HOMES)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _HOMES:
            return None
        module = importlib.import_module(_HOMES[cmd_name])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        try:
            return super().invoke(ctx)
        except (NotifierError, ImportError) as err:
            # An optional library that is missing: the message names the extra.
            raise click.ClickException(str(err)) from err


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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

    Events go to the broker that AMQP_URL names; without it, to the bridge on
    127.0.0.1:8990.
    """
    ctx.obj = partial(load, config_file, token_file=token_file)
