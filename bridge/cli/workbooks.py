# SPDX-License-Identifier: Apache-2.0
"""``workbook-apply``, ``-list``, ``-show``, ``-delete``."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from bridge import keyring
from bridge.cli.asking import asking, asks
from bridge.cli.showing import moment, show_json, show_table
from bridge.cli.wording import callback_of
from bridge.client import is_loopback

WOULD_CHANGE: Final = 3
"""Exit status of ``--dry-run`` where something would change."""

_HEAD: Final = ("CHANGE", "KEY", "EVENTS", "WHEN", "CALLBACK", "DIFFERS IN")

# \b keeps click from filling the lines.
_EXAMPLES: Final = """\b
Examples:
  notifier-bridge workbook-apply orders.yaml --dry-run
  notifier-bridge workbook-apply orders.yaml --var LoggerURL=https://logger.example
"""

_project = click.option("--project", help="That it belongs to. Default: default.")


@click.command("workbook-apply", epilog=_EXAMPLES, short_help="Apply a workbook.")
@click.argument("file", metavar="FILE")
@_project
@click.option("--name", help="Of a workbook that does not say its own.")
@click.option(
    "--var",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    help="Fills {$.NAME}; NAME=@FILE takes it from a file, which is for secrets.",
)
@click.option(
    "--dry-run", is_flag=True, help="Only show what would change; status 3 if anything."
)
@asks
def workbook_apply(
    *, file: str, variables: tuple[str, ...], dry_run: bool, bridge_url: str, form: str,
    **wanted: Any,  # noqa: ANN401 - click's options, by name
) -> None:  # fmt: skip
    """Let the callbacks of a workbook be as its FILE says; - is standard input.

    Listeners are added, changed and removed for it, all or none. The same file again
    changes nothing. What was made by the API or by hand stays.
    """
    text, filled = _read(file, "FILE"), _variables(variables)
    with asking(bridge_url) as bridge:
        applied = bridge.workbooks.apply(
            text, variables=filled, dry_run=dry_run, **wanted
        )
    _remember(applied)
    if form == "json":
        show_json(applied)
    else:
        _show(applied)
    if dry_run and any(applied[kind] for kind in ("added", "changed", "removed")):
        raise click.exceptions.Exit(WOULD_CHANGE)


@click.command("workbook-list")
@click.option("--project", help="Only of this project.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@asks
def workbook_list(
    *, project: str | None, limit: int | None, bridge_url: str, form: str
) -> None:
    """List the workbooks that have callbacks."""
    with asking(bridge_url) as bridge:
        found = list(bridge.workbooks.find(limit=limit, project=project))
    if form == "json":
        show_json(found)
        return
    show_table(
        ("PROJECT", "NAME", "REVISION", "UPDATED"),
        [
            (one["project"], one["name"], one["revision"], moment(one["updated_at"]))
            for one in found
        ],
    )


@click.command("workbook-show")
@click.argument("name")
@_project
@asks
def workbook_show(
    *, name: str, project: str | None, bridge_url: str, form: str
) -> None:
    """Show what is in force of a workbook, as YAML; pieces made by the API are marked."""
    with asking(bridge_url) as bridge:
        if form == "json":
            show_json(bridge.workbooks.get(name, project=project))
        else:
            click.echo(bridge.workbooks.show(name, project=project), nl=False)


@click.command("workbook-delete")
@click.argument("name")
@_project
@asks
def workbook_delete(
    *, name: str, project: str | None, bridge_url: str, form: str
) -> None:
    """Remove all callbacks of a workbook; what waits for them is cancelled."""
    with asking(bridge_url) as bridge:
        bridge.workbooks.remove(name, project=project)
    if form == "json":
        show_json({"removed": name})
    else:
        click.echo(f"the callbacks of workbook {name} are removed")


def _read(name: str, hint: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        reason = getattr(err, "strerror", None) or "is not UTF-8 text"
        raise click.BadParameter(f"{name}: {reason}", param_hint=hint) from None


def _variables(given: Sequence[str]) -> dict[str, str]:
    filled = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.BadParameter("write it as NAME=VALUE", param_hint="--var")
        is_file = value.startswith("@")
        filled[name] = _read(value[1:], "--var").strip() if is_file else value
    return filled


def _show(applied: Mapping[str, Any]) -> None:
    said = "would be applied" if applied["dry_run"] else "is applied"
    rows = list(_rows(applied))
    if not rows:
        said = "is in force as it is"
    name, project = applied["name"], applied["project"]
    click.echo(f"workbook {name} of project {project} {said}")
    if rows:
        show_table(_HEAD, rows)
    if applied["unchanged"]:
        click.echo(f"unchanged: {applied['unchanged']}")
    for one in applied["left_alone"]:
        click.echo(f"left to the engine: {one['place']}: {one['entry']}")
    for one in applied["secrets"]:
        told = "(shown this once; receivers verify with it)"
        click.echo(f"secret of {one['key']}: {one['secret']} {told}")


def _rows(applied: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    for kind in ("added", "changed", "removed"):
        for one in applied[kind]:
            listener = one["listener"]
            yield (
                kind,
                one["key"],
                listener["events"],
                listener["when"],
                callback_of(listener),
                one.get("members"),
            )


def _remember(applied: Mapping[str, Any]) -> None:
    # So that notifier-bridge listen, on this machine, verifies without being told.
    secrets = {one["key"]: one["secret"] for one in applied["secrets"]}
    for one in applied["added"]:
        service = one["key"].rpartition("/")[2].partition(":")[0]
        secret = secrets.get(one["key"], secrets.get(f"services/{service}"))
        url = one["listener"]["callback"].get("url")
        if secret is not None and url is not None and is_loopback(url):
            keyring.remember(url, secret)
