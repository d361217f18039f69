# SPDX-License-Identifier: Apache-2.0
"""``replay``, and ``replay-list``, ``-show``, ``-stop``."""

import time
from typing import Any, Final

import click

from bridge.cli.asking import asking, asks
from bridge.cli.showing import moment, show_json, show_members, show_table
from bridge.client import BridgeClient

_OPEN: Final = {"running", "stopping"}
_LOOK_SECONDS: Final = 0.2

_EXAMPLES: Final = """\b
Examples:
  notifier-bridge replay lst_01a2... --execution e1
  notifier-bridge replay lst_01a2... --since 2026-11-24T00:00:00Z --state dead
"""


@click.command(
    "replay", epilog=_EXAMPLES, short_help="Send past events to a listener again."
)
@click.argument("listener_id", metavar="LISTENER")
@click.option("--execution", metavar="ID", help="Of this execution, in their order.")
@click.option("--since", metavar="TIME", help="Came in then or later (RFC 3339).")
@click.option("--until", metavar="TIME", help="Came in before. Default: now.")
@click.option(
    "--types",
    "types",
    metavar="NAME[,NAME...]",
    multiple=True,
    help="As a listener's events. Default: all that it hears.",
)
@click.option(
    "--state",
    type=click.Choice(["pending", "delivered", "dead", "cancelled", "none"]),
    help="Those whose delivery stands so; none: there is none.",
)
@click.option(
    "--rate",
    "rate_per_second",
    type=float,
    metavar="PER_SECOND",
    help="So many a second at most. Default: 200.",
)
@click.option("--wait", is_flag=True, help="Return once it has ended.")
@asks
def replay(
    *, listener_id: str, types: tuple[str, ...], wait: bool, bridge_url: str, form: str,
    **wanted: Any,  # noqa: ANN401 - click's options, by name
) -> None:  # fmt: skip
    """Send past events to a listener again, as far as it hears them.

    The listener is named by its id or its name. Each event has the webhook-id
    that it had before.
    """
    names = [name.strip() for one in types for name in one.split(",") if name.strip()]
    with asking(bridge_url) as bridge:
        key = _id_of(bridge, listener_id)
        begun = bridge.replays.begin(key, types=names or None, **wanted)
        while wait and begun["state"] in _OPEN:
            time.sleep(_LOOK_SECONDS)
            begun = bridge.replays.get(begun["id"])
    if form == "json":
        show_json(begun)
        return
    click.echo(f"replay {begun['id']} {begun['state']}")
    if wait:
        click.echo(f"{begun['replayed']} of {begun['looked_at']} events told again")


@click.command("replay-list")
@click.option("--listener", help="Only to this listener, by its id or name.")
@click.option("--project", help="Only of this project.")
@click.option(
    "--state",
    type=click.Choice(["running", "stopping", "done", "stopped"]),
    help="Only those.",
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@asks
def replay_list(
    *, bridge_url: str, form: str, limit: int,
    **wanted: Any,  # noqa: ANN401 - click's options, by name
) -> None:  # fmt: skip
    """List replays, the latest first."""
    with asking(bridge_url) as bridge:
        if wanted["listener"] is not None:
            wanted["listener"] = _id_of(bridge, wanted["listener"])
        found = list(bridge.replays.find(limit=limit, **wanted))
    if form == "json":
        show_json(found)
        return
    show_table(
        ("ID", "STATE", "PROGRESS", "REPLAYED", "EXECUTION", "BEGUN", "LISTENER"),
        [
            (
                one["id"],
                one["state"],
                _percent(one["progress"]),
                one["replayed"],
                one["execution"],
                moment(one["created_at"]),
                one["listener_id"],
            )
            for one in found
        ],
    )


@click.command("replay-show")
@click.argument("replay_id", metavar="ID")
@asks
def replay_show(*, replay_id: str, bridge_url: str, form: str) -> None:
    """Show one replay and how far it is."""
    with asking(bridge_url) as bridge:
        found = bridge.replays.get(replay_id)
    _show(found, form)


@click.command("replay-stop")
@click.argument("replay_id", metavar="ID")
@asks
def replay_stop(*, replay_id: str, bridge_url: str, form: str) -> None:
    """Let a replay tell nothing more; what is pending by it already is told.

    The listener that starts by it goes live without the rest of the past.
    """
    with asking(bridge_url) as bridge:
        found = bridge.replays.stop(replay_id)
    _show(found, form)


def _show(found: dict[str, Any], form: str) -> None:
    if form == "json":
        show_json(found)
        return
    show_members(
        (
            ("id", found["id"]),
            ("listener", found["listener_id"]),
            ("start", found["is_start"] or None),
            ("execution", found["execution"]),
            ("since", found["since"]),
            ("until", found["until"]),
            ("types", found["types"] or None),
            ("told", found["told"]),
            ("rate", found["rate_per_second"]),
            ("state", found["state"]),
            ("reason", found["reason"]),
            ("progress", _percent(found["progress"])),
            ("looked at", found["looked_at"]),
            ("replayed", found["replayed"]),
            ("begun", found["created_at"]),
            ("ended", found["ended_at"]),
        )
    )


def _id_of(bridge: BridgeClient, typed: str) -> str:
    """Return the id of a listener that is named by it, or by its name."""
    if typed.startswith("lst_"):
        return typed
    found = list(bridge.listeners.find(name=typed, limit=2))
    if len(found) == 1:
        key: str = found[0]["id"]
        return key
    what = "several listeners are" if found else "no listener is"
    raise click.ClickException(f"{what} named {typed!r}; give its id")


def _percent(progress: float) -> str:
    return f"{progress:.0%}"
