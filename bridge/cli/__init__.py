# SPDX-License-Identifier: Apache-2.0
"""The command line ``notifier-bridge``; each command is imported when it is run."""

from collections.abc import Mapping
from typing import Final

import click

from bridge.errors import BridgeError
from notifier.commands import Commands

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
    "replay": "bridge.cli.replays:replay",
    "replay-list": "bridge.cli.replays:replay_list",
    "replay-show": "bridge.cli.replays:replay_show",
    "replay-stop": "bridge.cli.replays:replay_stop",
    "quarantine-list": "bridge.cli.quarantine:quarantine_list",
    "quarantine-show": "bridge.cli.quarantine:quarantine_show",
    "quarantine-requeue": "bridge.cli.quarantine:quarantine_requeue",
    "quarantine-drop": "bridge.cli.quarantine:quarantine_drop",
    "token-create": "bridge.cli.tokens:token_create",
    "token-list": "bridge.cli.tokens:token_list",
    "token-revoke": "bridge.cli.tokens:token_revoke",
    "completion": "notifier.shells:completion",
}


@click.group(
    cls=Commands,
    homes=_HOMES,
    expected=(BridgeError,),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="workflow-notifier", message="%(version)s")
def main() -> None:
    """Tell listeners what happens to executions and tasks.

    The first command to run is: notifier-bridge serve
    """
