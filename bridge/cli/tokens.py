# SPDX-License-Identifier: Apache-2.0
"""``token-create``, ``-list``, ``-revoke``: on the database that the settings name.

Whoever may write there is an operator; no bridge has to run, and no token is shown.
"""

from datetime import timedelta
from pathlib import Path

import click

from bridge.cli.configured import configured
from bridge.cli.showing import moment, show_json, show_table
from bridge.cli.spans import span_of
from bridge.model import Role, TokenId

_form = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)


def _life(_ctx: click.Context, _option: click.Parameter, text: str) -> timedelta | None:
    if text == "never":
        return None
    return span_of(text, "write 30d, 12h, 90m or never")


@click.command("token-create", short_help="Make a token; it is shown this once.")
@configured
@click.option("--project", help="That it is good for.")
@click.option("--all-projects", is_flag=True, help="It is good for every one.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="A reader may look; a member may also change listeners and publish events; "
    "an admin may also make and revoke tokens.",
)
@click.option(
    "--expires-in",
    "life",
    metavar="SPAN",
    callback=_life,
    default="365d",
    show_default=True,
    help="Such as 30d, 12h, or never.",
)
@click.option("--name", help="For people.")
@_form
def token_create(
    *,
    config_file: Path | None,
    project: str | None,
    all_projects: bool,
    role: str,
    life: timedelta | None,
    name: str | None,
    form: str,
) -> None:
    """Make a token; standard output holds just that, this once.

    What is kept of it opens nothing.
    """
    if all_projects == (project is not None):
        raise click.UsageError("say --project, or --all-projects")
    from bridge.cli.office import office  # noqa: PLC0415 - slow; --help is not
    from bridge.shape.shown import token_json  # noqa: PLC0415 - as above

    with office(config_file) as opened:
        issued = opened.issuer.issue(project, Role(role), name=name, life=life)
    shown = token_json(issued.token)
    if form == "json":
        show_json(shown | {"token": issued.text})
        return
    until = shown["expires_at"]
    end = "never expires" if until is None else f"expires {moment(until)}"
    whose = "every project" if project is None else f"project {project}"
    click.echo(f"token {issued.token.id}: {role} of {whose}, {end}", err=True)
    click.echo(issued.text)


@click.command("token-list")
@configured
@click.option("--project", help="Only of this project.")
@_form
def token_list(*, config_file: Path | None, project: str | None, form: str) -> None:
    """List tokens, the oldest first; what is kept of them opens nothing."""
    from bridge.cli.office import office  # noqa: PLC0415 - slow; --help is not

    with office(config_file) as opened:
        found = list(opened.find(project))
    if form == "json":
        show_json(found)
        return
    show_table(
        ("ID", "PROJECT", "ROLE", "EXPIRES", "NAME"),
        [
            (
                one["id"],
                "(every one)" if one["project"] is None else one["project"],
                one["role"],
                "never" if one["expires_at"] is None else moment(one["expires_at"]),
                one["name"],
            )
            for one in found
        ],
    )


@click.command("token-revoke", short_help="Let tokens open nothing any more.")
@configured
@click.argument("token_ids", metavar="ID...", nargs=-1, required=True)
def token_revoke(*, config_file: Path | None, token_ids: tuple[str, ...]) -> None:
    """Let tokens open nothing any more, within five seconds in every bridge."""
    from bridge.cli.office import office  # noqa: PLC0415 - slow; --help is not

    with office(config_file) as opened:
        for token_id in token_ids:
            opened.issuer.revoke(None, TokenId(token_id))
            click.echo(f"token {token_id} is revoked")
