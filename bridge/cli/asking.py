# SPDX-License-Identifier: Apache-2.0
"""What the commands that ask a bridge share: where it is, and what an error says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

import click

from bridge.cli.credentials import bridge_token
from bridge.client import DEFAULT_URL, BridgeClient, ClientError, NoAnswer

Command = Callable[..., Any]

_TOKEN_FILE: Final = "bridge.cli.asking token_file"  # noqa: S105 - a key of click's


def _note(ctx: click.Context, _option: click.Parameter, file: str | None) -> None:
    ctx.meta[_TOKEN_FILE] = file


def asks(command: Command) -> Command:
    """Add the options of every command that asks: where, as whom, in which form."""
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
        click.option(
            "--token-file",
            metavar="FILE",
            callback=_note,
            expose_value=False,
            help="Holds the token that the bridge wants; - is standard input. Default: "
            "NOTIFIER_BRIDGE_TOKEN in the environment.",
        ),
    ):
        command = option(command)
    return command


def is_passing(err: ClientError | NoAnswer) -> bool:
    """Tell whether the same may be answered later: bridge or database are away."""
    if isinstance(err, NoAnswer):
        return True
    return err.status >= HTTPStatus.INTERNAL_SERVER_ERROR


@contextmanager
def asking(bridge_url: str) -> Iterator[BridgeClient]:
    """Give a client; what goes wrong inside ends the command with status 1."""
    try:
        token = bridge_token(click.get_current_context().meta.get(_TOKEN_FILE))
        with BridgeClient(bridge_url, token=token) as client:
            yield client
    except NoAnswer as err:
        hint = "start one with: notifier-bridge serve"
        raise click.ClickException(f"{err}; {hint}") from err
    except ClientError as err:
        raise click.ClickException(err.detail) from err
