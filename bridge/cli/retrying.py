# SPDX-License-Identifier: Apache-2.0
"""``delivery-retry``: a few deliveries by their ids, or all that are dead."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from bridge.cli.asking import asking, asks
from bridge.cli.showing import show_json
from bridge.client import BridgeClient, ClientError


@click.command("delivery-retry", short_help="Let deliveries be tried again now.")
@click.argument("delivery_ids", metavar="[ID...]", nargs=-1)
@click.option("--dead", is_flag=True, help="All that are dead.")
@click.option("--listener", help="Of them, only those to this listener.")
@click.option("--execution", help="Of them, only those of this execution.")
@click.option("--project", help="Of them, only those of this project.")
@asks
def delivery_retry(
    *,
    delivery_ids: tuple[str, ...],
    dead: bool,
    bridge_url: str,
    form: str,
    **wanted: Any,  # noqa: ANN401 - click's options, by name
) -> None:
    """Let deliveries be tried again now, whatever became of them before.

    With --dead one that cannot be tried again, since its listener was removed, does not
    keep the next ones back; the exit status is then 1.
    """
    if bool(delivery_ids) == dead:
        raise click.UsageError("name deliveries by their ids, or say --dead")
    if not dead and any(one is not None for one in wanted.values()):
        raise click.UsageError("--listener, --execution and --project go with --dead")
    with asking(bridge_url) as bridge:
        if dead:
            found = bridge.deliveries.find(state="dead", **wanted)
            _retry_all(bridge, [one["id"] for one in found], form)
        else:
            _retry_each(bridge, delivery_ids, form)


def _retry_each(bridge: BridgeClient, ids: Sequence[str], form: str) -> None:
    retried = []
    for delivery_id in ids:
        retried.append(bridge.deliveries.retry(delivery_id))
        if form == "table":
            click.echo(f"delivery {delivery_id} is tried again")
    if form == "json":
        show_json(retried)


def _retry_all(bridge: BridgeClient, ids: Sequence[str], form: str) -> None:
    retried: list[dict[str, Any]] = []
    faults: list[str] = []
    with _watched(ids) as watched:
        for delivery_id in watched:
            try:
                retried.append(bridge.deliveries.retry(delivery_id))
            except ClientError as err:
                faults.append(f"delivery {delivery_id}: {err.detail}")
    for fault in faults:
        click.echo(fault, err=True)
    if form == "json":
        show_json(retried)
    else:
        click.echo(f"tried again {len(retried)}, failed {len(faults)}")
    if faults:
        raise click.exceptions.Exit(1)


@contextmanager
def _watched(ids: Sequence[str]) -> Iterator[Iterator[str]]:
    """Show a progress bar where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield iter(ids)
        return
    with click.progressbar(ids, file=sys.stderr, show_pos=True) as bar:
        yield iter(bar)
