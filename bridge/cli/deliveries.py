# SPDX-License-Identifier: Apache-2.0
"""``delivery-list``, ``-show``, ``-retry``."""

from typing import Any

import click

from bridge.cli.asking import asking, asks
from bridge.cli.showing import moment, show_json, show_members, show_table


@click.command("delivery-list")
@click.option("--listener", help="Only to this listener.")
@click.option("--event", help="Only of this event.")
@click.option("--execution", help="Only of this execution.")
@click.option("--project", help="Only of this project.")
@click.option(
    "--state",
    type=click.Choice(["pending", "delivered", "dead", "cancelled"]),
    help="Only those.",
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@asks
def delivery_list(
    *, bridge_url: str, form: str, limit: int,
    **wanted: Any,  # noqa: ANN401 - click's options, by name
) -> None:  # fmt: skip
    """List deliveries, the latest first."""
    with asking(bridge_url) as bridge:
        found = list(bridge.deliveries.find(limit=limit, **wanted))
    if form == "json":
        show_json(found)
        return
    show_table(
        ("ID", "STATE", "ATTEMPTS", "EVENT", "EXECUTION", "CREATED", "LISTENER"),
        [
            (
                one["id"],
                one["state"],
                one["attempt_count"],
                one["event_type"],
                one["execution_id"],
                moment(one["created_at"]),
                one["listener_id"],
            )
            for one in found
        ],
    )


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


@click.command("delivery-retry", short_help="Let deliveries be tried again now.")
@click.argument("delivery_ids", metavar="ID...", nargs=-1, required=True)
@asks
def delivery_retry(
    *, delivery_ids: tuple[str, ...], bridge_url: str, form: str
) -> None:
    """Let deliveries be tried again now, whatever became of them before."""
    retried = []
    with asking(bridge_url) as bridge:
        for delivery_id in delivery_ids:
            retried.append(bridge.deliveries.retry(delivery_id))
            if form == "table":
                click.echo(f"delivery {delivery_id} is tried again")
    if form == "json":
        show_json(retried)


def _show(delivery: dict[str, Any]) -> None:
    event = f"{delivery['event_type']} {delivery['event_id']}"
    show_members(
        (
            ("id", delivery["id"]),
            ("listener", delivery["listener_id"]),
            ("project", delivery["project"]),
            ("event", f"{event} from {delivery['event_source']}"),
            ("execution", delivery["execution_id"]),
            ("state", delivery["state"]),
            ("reason", delivery["reason"]),
            ("due", delivery["due_at"]),
            ("created", delivery["created_at"]),
            ("updated", delivery["updated_at"]),
        )
    )
