# SPDX-License-Identifier: Apache-2.0
"""``listener-add`` and ``listener-update``: a listener from options."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import click

from bridge import keyring
from bridge.cli.asking import asking, asks
from bridge.cli.credentials import read_auth
from bridge.cli.listeners import bound_to, callback_of, show_listener
from bridge.cli.showing import show_json
from bridge.client import is_loopback

Command = Callable[..., Any]

# What people say to the member that it is bound by.
_MEMBER: Final = {
    "execution": "execution_id",
    "task": "task",
    "workbook": "workbook",
    "workflow": "workflow",
}

_OPTIONS: Final = (
    click.option(
        "--events",
        metavar="NAME[,NAME...]",
        multiple=True,
        help="Which: EXECUTION, TASK, on-task-error, task.failed, task.*, …",
    ),
    click.option("--name", help="Unique within its project."),
    click.option("--description", help="For people."),
    click.option("--when", help="Condition in YAQL over the event's data."),
    click.option(
        "--method", type=click.Choice(["POST", "PUT", "PATCH"], case_sensitive=False)
    ),
    click.option(
        "--header",
        "headers",
        metavar="'NAME: VALUE'",
        multiple=True,
        help="Sent along. May be given several times.",
    ),
    click.option(
        "--auth-file",
        metavar="FILE",
        help="How to sign in there: JSON, or a client certificate and its key in "
        "PEM; - is standard input.",
    ),
    click.option(
        "--secret", metavar="whsec_...", help="Signs what is sent. Default: a new one."
    ),
    click.option("--exchange", help="Of a callback of type amqp."),
    click.option("--routing-key", help="Of a callback of type amqp."),
    click.option("--timeout", type=float, metavar="SECONDS", help="Of one attempt."),
    click.option("--max-in-flight", type=int, help="Attempts at the same time."),
)


def _describes_listener(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


# \b keeps click from filling the lines.
_EXAMPLES: Final = """\b
Examples:
  notifier-bridge listener-add workbook orders http://127.0.0.1:9000/hook
  notifier-bridge listener-add task 'charge*' https://example.org/hook \\
      --events on-task-error --header 'X-Team: ops'
"""


@click.command("listener-add", epilog=_EXAMPLES, short_help="Register a listener.")
@click.argument("kind", type=click.Choice(list(_MEMBER)))
@click.argument("bound", metavar="ID")
@click.argument("to", metavar="[URL]", required=False)
@click.option("--project", help="Default: default.")
@click.option(
    "--type", "callback_type", type=click.Choice(["http", "amqp"]), default="http",
    show_default=True,
)  # fmt: skip
@_describes_listener
@asks
def listener_add(
    *, kind: str, bound: str, project: str | None, bridge_url: str, form: str,
    **given: Any,  # noqa: ANN401 - click's options, by name
) -> None:  # fmt: skip
    """Register a listener for an execution, a task, a workbook or a workflow.

    The name of a workbook, a workflow or a task may hold *. Without --events it hears
    all of them. The secret is shown once, now.
    """
    if given["callback_type"] == "http" and given["to"] is None:
        raise click.UsageError("a callback of type http needs a URL")
    listener = _listener(given)
    listener[_MEMBER[kind]] = bound
    listener.setdefault("events", ["TASK"] if kind == "task" else ["EXECUTION", "TASK"])
    if project is not None:
        listener["project"] = project
    with asking(bridge_url) as bridge:
        added = bridge.add_listener(listener)
    _remember(added)
    if form == "json":
        show_json(added)
        return
    click.echo(f"listener {added['id']} hears {_events(added)} of {bound_to(added)}")
    click.echo(f"callback {callback_of(added)}")
    click.echo(f"secret {added['secret']} (shown this once; receivers verify with it)")


@click.command("listener-update")
@click.argument("listener_id", metavar="ID")
@click.option("--to", metavar="URL", help="Where to, from now on.")
@click.option("--workbook", help="Bound to this workbook.")
@click.option("--workflow", help="Bound to this workflow.")
@click.option("--execution", "execution_id", help="Bound to this execution.")
@click.option("--task", help="Bound to this task.")
@click.option("--enable/--disable", "enabled", default=None, help="Told, or not.")
@_describes_listener
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
    patch = _listener(given)
    for member in ("workbook", "workflow", "execution_id", "task", "enabled"):
        if given[member] is not None:
            patch[member] = _or_none(given[member])
    if not patch:
        raise click.UsageError("nothing to change; see --help")
    with asking(bridge_url) as bridge:
        changed = bridge.patch_listener(listener_id, patch)
    show_listener(changed, form)


def _listener(given: Mapping[str, Any]) -> dict[str, Any]:
    listener = _present(
        {
            "name": given["name"],
            "description": given["description"],
            "when": given["when"],
            "secret": given["secret"],
            "max_in_flight": given["max_in_flight"],
            "events": _names(given["events"]) or None,
        }
    )
    callback = _present(
        {
            "type": given.get("callback_type"),
            "url": given["to"],
            "method": given["method"],
            "exchange": given["exchange"],
            "routing_key": given["routing_key"],
            "timeout_seconds": given["timeout"],
            "headers": _headers(given["headers"]) or None,
        }
    )
    if given["auth_file"] is not None:
        callback["auth"] = read_auth(given["auth_file"]) if given["auth_file"] else None
    return listener | ({"callback": callback} if callback else {})


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _or_none(one) for name, one in members.items() if one is not None}


def _or_none(value: object) -> object:
    return None if value == "" else value


def _names(events: Sequence[str]) -> list[str]:
    return [name.strip() for one in events for name in one.split(",") if name.strip()]


def _headers(lines: Sequence[str]) -> dict[str, str | None]:
    headers: dict[str, str | None] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise click.BadParameter("write it as 'NAME: VALUE'", param_hint="--header")
        headers[name.strip()] = value.strip() or None
    return headers


def _events(listener: Mapping[str, Any]) -> str:
    return ", ".join(listener["events"])


def _remember(added: Mapping[str, Any]) -> None:
    # So that notifier-bridge listen, on this machine, verifies without being told.
    url = added["callback"].get("url")
    if url is not None and is_loopback(url):
        keyring.remember(url, added["secret"])
