# SPDX-License-Identifier: Apache-2.0
"""``quarantine-list``, ``-show``, ``-requeue``, ``-drop``."""

import click

from bridge.cli.asking import asking, asks
from bridge.cli.showing import moment, show_json, show_members, show_table

_ids = click.argument("message_ids", metavar="ID...", nargs=-1, required=True)


@click.command("quarantine-list")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@asks
def quarantine_list(*, bridge_url: str, form: str, limit: int) -> None:
    """List messages that were set aside, the latest first."""
    with asking(bridge_url) as bridge:
        found = list(bridge.quarantine.find(limit=limit))
    if form == "json":
        show_json(found)
        return
    show_table(
        ("ID", "SET ASIDE", "BYTES", "ROUTING KEY", "REASON"),
        [
            (
                one["id"],
                moment(one["taken_at"]),
                one["size"],
                one["routing_key"],
                one["reason"],
            )
            for one in found
        ],
    )


@click.command("quarantine-show")
@click.argument("message_id", metavar="ID")
@asks
def quarantine_show(*, message_id: str, bridge_url: str, form: str) -> None:
    """Show one with all that came with it."""
    with asking(bridge_url) as bridge:
        one = bridge.quarantine.get(message_id)
    if form == "json":
        show_json(one)
        return
    named = {**one["properties"], **one["headers"]}
    show_members(
        (
            ("id", one["id"]),
            ("set aside", one["taken_at"]),
            ("reason", one["reason"]),
            ("routing key", one["routing_key"]),
            *sorted(named.items()),
            ("body", one["body"]),
        )
    )


@click.command("quarantine-requeue", short_help="Let messages be handled once more.")
@_ids
@asks
def quarantine_requeue(
    *, message_ids: tuple[str, ...], bridge_url: str, form: str
) -> None:
    """Let messages be handled once more; what fails again is set aside again."""
    requeued = []
    with asking(bridge_url) as bridge:
        for message_id in message_ids:
            requeued.append(bridge.quarantine.requeue(message_id))
            if form == "table":
                click.echo(f"message {message_id} is handled once more")
    if form == "json":
        show_json(requeued)


@click.command("quarantine-drop", short_help="Forget messages, for good.")
@_ids
@asks
def quarantine_drop(
    *, message_ids: tuple[str, ...], bridge_url: str, form: str
) -> None:
    """Forget messages that were set aside, for good."""
    with asking(bridge_url) as bridge:
        for message_id in message_ids:
            bridge.quarantine.drop(message_id)
            if form == "table":
                click.echo(f"message {message_id} is forgotten")
    if form == "json":
        show_json(list(message_ids))
