# SPDX-License-Identifier: Apache-2.0
"""The command line ``notifier-bridge``; each command is imported when it is run."""

import importlib
from collections.abc import Mapping
from typing import Any, Final

import click

from bridge.errors import BridgeError

_HOMES: Final[Mapping[str, str]] = {
    "serve": "bridge.cli.serve:serve",
    "migrate": "bridge.cli.migrate:migrate",
    "check": "bridge.cli.check:check",
    "key-rotate": "bridge.cli.rotating:key_rotate",
    "listen": "bridge.cli.listen:listen",
    "top": "bridge.cli.top:top",
    "listener-add": "bridge.cli.adding:listener_add",
    "listener-list": "bridge.cli.listeners:listener_list",
    "listener-show": "bridge.cli.listeners:listener_show",
    "listener-update": "bridge.cli.adding:listener_update",
    "listener-test": "bridge.cli.listeners:listener_test",
    "listener-rotate": "bridge.cli.rotating:listener_rotate",
    "listener-remove": "bridge.cli.listeners:listener_remove",
    "workbook-apply": "bridge.cli.workbooks:workbook_apply",
    "workbook-list": "bridge.cli.workbooks:workbook_list",
    "workbook-show": "bridge.cli.workbooks:workbook_show",
    "workbook-delete": "bridge.cli.workbooks:workbook_delete",
    "delivery-list": "bridge.cli.deliveries:delivery_list",
    "delivery-show": "bridge.cli.deliveries:delivery_show",
    "delivery-retry": "bridge.cli.retrying:delivery_retry",
    "explain": "bridge.cli.explaining:explain",
    "quarantine-list": "bridge.cli.quarantine:quarantine_list",
    "quarantine-show": "bridge.cli.quarantine:quarantine_show",
    "quarantine-requeue": "bridge.cli.quarantine:quarantine_requeue",
    "quarantine-drop": "bridge.cli.quarantine:quarantine_drop",
    "token-create": "bridge.cli.tokens:token_create",
    "token-list": "bridge.cli.tokens:token_list",
    "token-revoke": "bridge.cli.tokens:token_revoke",
    "completion": "notifier.shells:completion",
}


class LazyGroup(click.Group):
    """A group whose commands cost nothing until they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a bridge's life."""
        del ctx
        return list(_HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None for a name that is none."""
        del ctx
        if cmd_name not in _HOMES:
            return None
        module, _, name = _HOMES[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run a command; an expected error is one line, and status 1."""
        try:
            return super().invoke(ctx)
        except BridgeError as err:
            raise click.ClickException(str(err)) from err


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="workflow-notifier", message="%(version)s")
def main() -> None:
    """Tell listeners what happens to executions and tasks.

    The first command to run is: notifier-bridge serve
    """
