# SPDX-License-Identifier: Apache-2.0
"""``notifier check``: can the bus be reached and used, and if not, what to do."""

import json
from typing import Final

import click

from notifier.cli import ReadSettings
from notifier.cli.inspection import Finding, Grade, of_bridge, of_broker

_COLOURS: Final = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.FAULT: "red"}


@click.command()
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
@click.pass_obj
def check(read_settings: ReadSettings, /, form: str) -> None:
    """Tell whether the bus can be reached and used; publishes nothing.

    The exit status is 0 if events can be published.
    """
    settings = read_settings()
    if settings.bus.url is None:
        findings = of_bridge(settings.http_url, settings.http_token)
    else:
        findings = of_broker(settings)
    good = all(one.grade is not Grade.FAULT for one in findings)
    if form == "json":
        click.echo(json.dumps({"ok": good, "findings": [_said(f) for f in findings]}))
    else:
        for finding in findings:
            _show(finding)
    if not good:
        raise click.exceptions.Exit(1)


def _said(finding: Finding) -> dict[str, str]:
    return {"grade": finding.grade, "text": finding.text, "advice": finding.advice}


def _show(finding: Finding) -> None:
    grade = click.style(f"{finding.grade:<8}", fg=_COLOURS[finding.grade])
    click.echo(grade + finding.text, err=finding.grade is Grade.FAULT)
    if finding.advice:
        click.echo(f"{'':8}{finding.advice}", err=finding.grade is Grade.FAULT)
