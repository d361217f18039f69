# SPDX-License-Identifier: Apache-2.0
"""``listener-list``, ``-show``, ``-test``, ``-remove``."""

from typing import Any

import click

from bridge.cli.asking import asking, asks
from bridge.cli.filters import filter_texts
from bridge.cli.showing import show_json, show_members, show_table
from bridge.cli.wording import (
    answer_of,
    auth_of,
    batch_of,
    bound_to,
    callback_of,
    calls_of,
    signing_of,
    span,
    state_of,
)


@click.command("listener-list")
@click.option("--project", help="Only of this project.")
@click.option("--workbook", help="Only bound to just this workbook.")
@click.option("--execution", help="Only bound to this execution.")
@click.option("--name", help="Only of this name.")
@click.option("--enabled/--disabled", default=None, help="Only those.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@asks
def listener_list(
    *, bridge_url: str, form: str, limit: int | None, execution: str | None,
    **wanted: Any,  # noqa: ANN401 - click's options, by name
) -> None:  # fmt: skip
    """List listeners, the oldest first."""
    with asking(bridge_url) as bridge:
        found = list(
            bridge.listeners.find(limit=limit, execution_id=execution, **wanted)
        )
    if form == "json":
        show_json(found)
        return
    show_table(
        ("ID", "STATE", "LISTENS TO", "EVENTS", "CALLBACK", "NAME"),
        [
            (
                one["id"],
                state_of(one),
                bound_to(one),
                one["events"],
                callback_of(one),
                one["name"],
            )
            for one in found
        ],
    )


@click.command("listener-show")
@click.argument("listener_id", metavar="ID")
@asks
def listener_show(*, listener_id: str, bridge_url: str, form: str) -> None:
    """Show one listener."""
    with asking(bridge_url) as bridge:
        listener = bridge.listeners.get(listener_id)
    show_listener(listener, form)


@click.command("listener-test", short_help="Send a listener a ping event.")
@click.argument("listener_id", metavar="ID")
@asks
def listener_test(*, listener_id: str, bridge_url: str, form: str) -> None:
    """Send a listener a ping event; exit with 1 if it does not arrive."""
    with asking(bridge_url) as bridge:
        outcome = bridge.listeners.test(listener_id)
    if form == "json":
        show_json(outcome)
    else:
        show_members(outcome_members(outcome))
    if outcome["outcome"] != "succeeded":
        raise click.exceptions.Exit(1)


@click.command("listener-remove")
@click.argument("listener_ids", metavar="ID...", nargs=-1, required=True)
@asks
def listener_remove(
    *, listener_ids: tuple[str, ...], bridge_url: str, form: str
) -> None:
    """Remove listeners; what waits for them is cancelled."""
    with asking(bridge_url) as bridge:
        for listener_id in listener_ids:
            bridge.listeners.remove(listener_id)
            if form == "table":
                click.echo(f"listener {listener_id} is removed")
    if form == "json":
        show_json({"removed": list(listener_ids)})


def show_listener(listener: dict[str, Any], form: str) -> None:
    """Print a whole listener."""
    if form == "json":
        show_json(listener)
        return
    callback = listener["callback"]
    retry = listener["retry"]
    show_members(
        (
            ("id", listener["id"]),
            ("name", listener["name"]),
            ("description", listener["description"]),
            ("project", listener["project"]),
            ("listens to", bound_to(listener)),
            ("events", listener["events"]),
            ("when", listener["when"]),
            ("filters", "; ".join(filter_texts(listener["filters"])) or None),
            ("callback", callback_of(listener)),
            ("headers", callback.get("headers") or None),
            ("signs in by", auth_of(callback)),
            ("timeout", f"{callback['timeout_seconds']} s"),
            ("answer", answer_of(callback)),
            ("batches", batch_of(callback)),
            ("order", "each execution's" if listener["ordered"] else None),
            ("signing", signing_of(listener)),
            ("calls", calls_of(listener)),
            ("retry after", [span(delay) for delay in retry["delays_seconds"]]),
            ("state", state_of(listener)),
            ("failing since", (listener.get("breaker") or {}).get("failing_since")),
            ("revision", listener["revision"]),
            ("created", listener["created_at"]),
            ("updated", listener["updated_at"]),
        )
    )


def show_signing(shown: dict[str, Any]) -> None:
    """Print what receivers verify with, its secret this once."""
    if shown["signing"] != "v1a":
        secret = shown["secret"]
        click.echo(f"secret {secret} (shown this once; receivers verify with it)")
    if shown["public_key"] is not None:
        click.echo(f"public key {shown['public_key']} (receivers verify v1a with it)")


def outcome_members(outcome: dict[str, Any]) -> tuple[tuple[str, object], ...]:
    """Return an outcome's members under the names that people read."""
    return (
        ("outcome", outcome["outcome"]),
        ("status", outcome["status"]),
        ("took", f"{outcome['duration_ms']} ms"),
        ("error", outcome["error"]),
        ("answer", outcome["answer"] or None),
    )
