# SPDX-License-Identifier: Apache-2.0
"""``listener-add`` and ``listener-update``: a listener from options."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import click

from bridge.cli import drafting
from bridge.cli.asking import asking, asks
from bridge.cli.credentials import note_secret
from bridge.cli.listeners import show_listener, show_signing
from bridge.cli.options import BOUNDS, DESCRIBING, Option
from bridge.cli.showing import in_words, show_json
from bridge.cli.wording import BOUND_TO, bound_to, callback_of
from bridge.client import Json
from bridge.errors import Invalid

Command = Callable[..., Any]

# What people say to the member that it is bound by.
_MEMBER: Final = dict(sorted((word, member) for member, word in BOUND_TO.items()))

# \b keeps click from filling the lines.
_EXAMPLES: Final = """\b
Examples:
  notifier-bridge listener-add workbook orders http://127.0.0.1:9000/hook
  notifier-bridge listener-add task 'charge*' https://example.org/hook \\
      --events on-task-error --header 'X-Team: ops'
"""


def _takes(options: Iterable[Option]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(tuple(options)):
            command = _click(option)(command)
        return command

    return add


def _click(option: Option) -> Callable[[Command], Command]:
    choice = click.Choice(option.choices, case_sensitive=False)
    return click.option(
        option.flag,
        option.name,
        type=choice if option.choices else option.kind,
        metavar=option.metavar,
        multiple=option.is_repeated,
        help=option.help,
    )


_takes_order = click.option(
    "--ordered/--unordered",
    "ordered",
    default=None,
    help="Each execution's events one after the other, or all at once (default).",
)
_takes_secret = click.option(
    "--secret", metavar="whsec_...", help="As --secret-file, for everybody to see."
)


_takes_start = click.option(
    "--start",
    metavar="WHERE",
    help="latest (default), earliest, a time (RFC 3339), or execution:ID: what came in "
    "since is told first.",
)


@click.command("listener-add", epilog=_EXAMPLES, short_help="Register a listener.")
@click.argument("kind", type=click.Choice(list(_MEMBER)))
@click.argument("bound", metavar="ID")
@click.argument("url", required=False)
@click.option("--project", help="Default: default.")
@click.option(
    "--type", type=click.Choice(["http", "amqp"]), default="http", show_default=True
)
@_takes(DESCRIBING)
@_takes_order
@_takes_secret
@_takes_start
@asks
def listener_add(
    *, kind: str, bound: str, start: str | None, bridge_url: str, form: str,
    **given: Any,  # noqa: ANN401 - click's options, by name
) -> None:  # fmt: skip
    """Register a listener for an execution, a task, a workbook or a workflow.

    The name of a workbook, a workflow or a task may hold *. Without --events it hears
    all of them. The secret is shown once, now.
    """
    listener = _read(drafting.draft, {**given, _MEMBER[kind]: bound})
    if start is not None:
        listener["start"] = _start(start)
    with asking(bridge_url) as bridge:
        added = bridge.listeners.add(listener)
    note_secret(added)
    if form == "json":
        show_json(added)
        return
    events = in_words(added["events"])
    click.echo(f"listener {added['id']} hears {events} of {bound_to(added)}")
    click.echo(f"callback {callback_of(added)}")
    if added["starting"]:
        click.echo("it is told of the past first: notifier-bridge replay-list")
    show_signing(added)


@click.command("listener-update")
@click.argument("listener_id", metavar="ID")
@click.option("--to", "url", metavar="URL", help="Where to, from now on.")
@_takes(BOUNDS)
@click.option("--enable/--disable", "enabled", default=None, help="Told, or not.")
@_takes(DESCRIBING)
@_takes_order
@_takes_secret
@asks
def listener_update(
    *, listener_id: str, bridge_url: str, form: str,
    **given: Any,  # noqa: ANN401 - click's options, by name
) -> None:  # fmt: skip
    """Change a listener; what is not given stays.

    An empty value takes something away: --workbook '' hears every workbook, and
    --header 'X-Team:' sends that header no more. A URL on another host needs what is
    secret once more: --header and --auth-file.
    """
    patch = _read(drafting.change, given)
    if not patch:
        raise click.UsageError("nothing to change; see --help")
    with asking(bridge_url) as bridge:
        changed = bridge.listeners.patch(listener_id, patch)
    show_listener(changed, form)


def _start(typed: str) -> Json | str:
    word, colon, execution = typed.partition(":")
    return {"execution": execution} if colon and word == "execution" else typed


def _read(read: Callable[[Mapping[str, Any]], Json], given: Mapping[str, Any]) -> Json:
    try:
        return read(given)
    except Invalid as err:
        raise click.BadParameter(err.reason, param_hint=err.field) from None
