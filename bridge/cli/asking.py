# SPDX-License-Identifier: Apache-2.0
"""What the commands that ask a bridge share: where it is, and what an error says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from bridge.client import DEFAULT_URL, BridgeClient, ClientError, NoAnswer

Command = Callable[..., Any]


def asks(command: Command) -> Command:
    """Add the options of every command that asks: ``--bridge`` and ``--format``."""
    for option in (
        click.option(
            "--format",
            "form",
            type=click.Choice(["table", "json"]),
            default="table",
            show_default=True,
            help="For people, or for programs.",
        ),
        click.option(
            "--bridge",
            "bridge_url",
            metavar="URL",
            envvar="BRIDGE_URL",
            default=DEFAULT_URL,
            show_default=True,
            show_envvar=True,
            help="Where the bridge's API is.",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def asking(bridge_url: str) -> Iterator[BridgeClient]:
    """Give a client; what goes wrong inside ends the command with status 1."""
    try:
        with BridgeClient(bridge_url) as client:
            yield client
    except NoAnswer as err:
        hint = "start one with: notifier-bridge serve"
        raise click.ClickException(f"{err}; {hint}") from err
    except ClientError as err:
        raise click.ClickException(err.detail) from err
