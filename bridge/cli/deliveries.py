# SPDX-License-Identifier: Apache-2.0
"""``delivery-list`` and ``delivery-show``."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import click

from bridge.cli import following
from bridge.cli.asking import asking, asks
from bridge.cli.showing import moment, show_json, show_members, show_row, show_table

_COLUMNS: Final = (
    *("ID", "STATE", "ATTEMPTS", "EVENT", "EXECUTION", "CREATED", "LISTENER"),
)
# Of a list that grows: those to come cannot be waited for.
_WIDTHS: Final = (36, 9, 8, 16, 36, 20, 0)


@click.command("delivery-list")
@click.option("--listener", help="Only to this listener.")
@click.option("--event", help="Only of this event.")
@click.option("--execution", help="Only of this execution.")
@click.option("--batch", help="Only of this batch.")
@click.option("--project", help="Only of this project.")
@click.option(
    "--state",
    type=click.Choice(["pending", "delivered", "dead", "cancelled"]),
    help="Only those.",
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option(
    "--follow",
    is_flag=True,
    help="Go on with those that come or change, the latest last, until Ctrl-C.",
)
@asks
def delivery_list(
    *, bridge_url: str, form: str, limit: int, follow: bool,
    **wanted: Any,  # noqa: ANN401 - click's options, by name
) -> None:  # fmt: skip
    """List deliveries, the latest first."""
    with asking(bridge_url) as bridge:
        if follow:
            ask = partial(bridge.deliveries.find, limit=limit, **wanted)
            _follow(lambda: list(ask()), form)
            return
        found = list(bridge.deliveries.find(limit=limit, **wanted))
    if form == "json":
        show_json(found)
        return
    show_table(_COLUMNS, map(_row, found))


@click.command("delivery-show")
@click.argument("delivery_id", metavar="ID")
@asks
def delivery_show(*, delivery_id: str, bridge_url: str, form: str) -> None:
    """Show one delivery and its attempts."""
    with asking(bridge_url) as bridge:
        delivery = bridge.deliveries.get(delivery_id)
    if form == "json":
        show_json(delivery)
        return
    attempts = delivery["attempts"]
    _show(delivery)
    if attempts:
        click.echo()
        show_table(
            ("ATTEMPT", "STARTED", "OUTCOME", "STATUS", "MS", "ERROR", "ANSWER"),
            [
                (
                    one["number"],
                    moment(one["started_at"]),
                    one["outcome"],
                    one["status"],
                    one["duration_ms"],
                    one["error"],
                    one["answer"],
                )
                for one in attempts
            ],
        )


def _follow(ask: Callable[[], Sequence[dict[str, Any]]], form: str) -> None:
    try:
        if form == "table":
            show_row(_COLUMNS, _COLUMNS, _WIDTHS)
        for one in following.follow(ask, lambda text: click.echo(text, err=True)):
            if form == "table":
                show_row(_COLUMNS, _row(one), _WIDTHS)
            else:
                click.echo(json.dumps(one, ensure_ascii=False))
    except KeyboardInterrupt:
        return


def _row(delivery: dict[str, Any]) -> tuple[object, ...]:
    return (
        delivery["id"],
        delivery["state"],
        delivery["attempt_count"],
        delivery["event_type"],
        delivery["execution_id"],
        moment(delivery["created_at"]),
        delivery["listener_id"],
    )


def _show(delivery: dict[str, Any]) -> None:
    event = f"{delivery['event_type']} {delivery['event_id']}"
    show_members(
        (
            ("id", delivery["id"]),
            ("listener", delivery["listener_id"]),
            ("project", delivery["project"]),
            ("event", f"{event} from {delivery['event_source']}"),
            ("execution", delivery["execution_id"]),
            ("batch", delivery["batch_id"]),
            ("state", delivery["state"]),
            ("reason", delivery["reason"]),
            ("due", delivery["due_at"]),
            ("created", delivery["created_at"]),
            ("updated", delivery["updated_at"]),
        )
    )
