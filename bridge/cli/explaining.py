# SPDX-License-Identifier: Apache-2.0
"""``explain``: why an event did or did not reach listeners."""

from typing import Any

import click

from bridge.cli.asking import asking, asks
from bridge.cli.showing import in_words, show_json


@click.command(short_help="Say why an event did or did not reach listeners.")
@click.argument("event_id", metavar="EVENT")
@click.argument("listener_id", metavar="[LISTENER]", required=False)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Of so many listeners at most, without LISTENER.",
)
@asks
def explain(
    *, event_id: str, listener_id: str | None, limit: int, bridge_url: str, form: str
) -> None:
    """Say why an event did or did not reach a listener, criterion by criterion.

    EVENT and LISTENER are ids. Without LISTENER it tells of every one of the event's
    project. What decided is what the listener is now; where it was changed after the
    event came in, that is said.
    """
    with asking(bridge_url) as bridge:
        found = list(
            bridge.explanations.find(event_id, listener=listener_id, limit=limit)
        )
    if form == "json":
        show_json(found)
        return
    if not found:
        click.echo("there is no listener in this event's project")
    for place, one in enumerate(found):
        if place:
            click.echo()
        _show(one)


def _show(explanation: dict[str, Any]) -> None:
    name = explanation["listener_name"]
    known = explanation["listener_id"] + (f" ({name})" if name else "")
    answer = (
        click.style("is told", fg="green", bold=True)
        if explanation["matches"]
        else click.style("is not told", fg="red", bold=True)
    )
    click.echo(f"{in_words(known)} {answer} of {in_words(explanation['event_type'])}")
    criteria = explanation["criteria"]
    width = max(len(one["name"]) for one in criteria)
    for one in criteria:
        mark = "✓" if one["holds"] else "✗"
        mark = click.style(mark, fg="green" if one["holds"] else "red")
        click.echo(f"  {mark} {one['name'].ljust(width)}  {_said(one)}")
    if explanation["changed_since"]:
        click.echo("  the listener was changed after the event came in")
    click.echo(f"  {_delivery(explanation['delivery'])}")


def _said(criterion: dict[str, Any]) -> str:
    wanted, found = criterion["wanted"], criterion["found"]
    text = in_words(wanted)
    if found != wanted:
        text += f": {in_words(found) or 'none'}"
    reason = criterion["reason"]
    return f"{text} ({in_words(reason)})" if reason else text


def _delivery(delivery: dict[str, Any] | None) -> str:
    if delivery is None:
        return "no delivery was made"
    count = delivery["attempt_count"]
    attempts = "1 attempt" if count == 1 else f"{count} attempts"
    return f"delivery {delivery['id']}: {delivery['state']} after {attempts}"
