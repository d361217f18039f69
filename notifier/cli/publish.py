# SPDX-License-Identifier: Apache-2.0
"""``notifier publish``: one event from options, or many from lines of JSON."""

import contextlib
import json
import sys
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import click

from notifier.cli import ReadSettings
from notifier.cli.faults import explained
from notifier.cli.lines import publish_lines
from notifier.cli.watcher import watched
from notifier.connection import connect
from notifier.errors import InvalidEvent, Unreachable
from notifier.event import Event
from notifier.facts import build
from notifier.notifier import Notifier
from notifier.settings import Settings
from notifier.wire import routing_key
from notifier.wire.body import decode_json, parse_time

_EXECUTION: Final = {"execution": "id", "root": "root_id", "parent": "parent_id"}


def _json(_ctx: click.Context, _param: click.Parameter, text: str | None) -> object:
    try:
        return None if text is None else decode_json(text)
    except InvalidEvent as err:
        raise click.BadParameter(err.reason) from err


def _time(_ctx: click.Context, _param: click.Parameter, text: str | None) -> object:
    try:
        return None if text is None else parse_time("time", text)
    except InvalidEvent as err:
        raise click.BadParameter(err.reason) from err


# \b keeps click from filling the lines.
_EXAMPLES: Final = """\b
Examples:
  notifier publish --type task.failed --workbook orders --execution e1 --task charge
  notifier publish - < events.ndjson
"""


@click.command(
    epilog=_EXAMPLES, short_help="Publish one event, or many as lines of JSON."
)
@click.argument("lines", required=False, type=click.Choice(["-"]), metavar="[-]")
@click.option("--file", type=click.File("rb"), help="Events as lines of JSON.")
@click.option("--type", help="Such as task.failed.")
@click.option("--execution", help="Id of the execution.")
@click.option("--task", help="Name of the task.")
@click.option("--workbook")
@click.option("--workflow")
@click.option("--project", help="Default: the setting, else 'default'.")
@click.option("--engine", help="Name of the engine.")
@click.option("--state", help="State of the task, or of the execution.")
@click.option("--error", help="Error of the task, or of the execution.")
@click.option("--no-error", is_flag=True, help="The error is known to be none.")
@click.option("--root", help="Id of the root execution.")
@click.option("--parent", help="Id of the parent execution.")
@click.option("--payload", callback=_json, help="Whatever else, as JSON.")
@click.option("--source", help="URI reference of the engine; default: the setting.")
@click.option("--id", "event_id", help="Default: a new UUID.")
@click.option("--time", callback=_time, help="As in RFC 3339; default: now.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
@click.pass_obj
def publish(
    read_settings: ReadSettings,
    /,
    lines: str | None,
    file: BinaryIO | None,
    form: str,
    **options: Any,  # noqa: ANN401 - click's
) -> None:
    """Publish one event, or one for each line of JSON on standard input.

    A line holds a CloudEvents object, or {"type": …, "data": {…}}. Wrong lines are
    reported and left out. The exit status is 0 if every event was confirmed.
    """
    settings = read_settings()
    given = {k: v for k, v in options.items() if v is not None and v is not False}
    stream = file or (sys.stdin.buffer if lines else None)
    if stream is None and not given and not sys.stdin.isatty():
        stream = sys.stdin.buffer
    if stream is not None and given:
        raise click.UsageError("lines of JSON take no options of a single event")
    if stream is None:
        _publish_one(settings, _event(settings, given), form)
    else:
        _publish_many(settings, stream, form)


def _event(settings: Settings, given: dict[str, Any]) -> Event:
    for name in ("type", "execution"):
        if name not in given:
            raise click.UsageError(f"--{name} is missing; or pass lines of JSON with -")
    event_type = given.pop("type")
    if event_type.startswith("task.") and "task" not in given:
        raise click.UsageError(f"--task is missing; {event_type} is about a task")
    if given.pop("no_error", False):
        if "error" in given:
            raise click.UsageError("--error and --no-error exclude each other")
        given["error"] = None
    if settings.project is not None:
        given.setdefault("project", settings.project)
    given.setdefault("source", settings.source)
    given.setdefault("event_id", str(uuid.uuid4()))
    return build(
        event_type,
        execution={_EXECUTION[n]: given.pop(n) for n in _EXECUTION if n in given},
        task=given.pop("task", None),
        **given,
    )


def _publish_one(settings: Settings, event: Event, form: str) -> None:
    with _connected(settings) as notifier:
        notifier.notify(event)
    shown = {"type": event.type, "id": event.id, "routing_key": routing_key(event)}
    if form == "json":
        click.echo(json.dumps(shown))
    else:
        click.echo("published {type} {id} as {routing_key}".format_map(shown))


def _publish_many(settings: Settings, stream: BinaryIO, form: str) -> None:
    with _connected(settings) as notifier, watched(stream) as watcher:
        tally = publish_lines(stream, notifier, source=settings.source, watcher=watcher)
    if form == "json":
        click.echo(json.dumps({"published": tally.published, "failed": tally.failed}))
    else:
        click.echo(f"published {tally.published}, failed {tally.failed}")
    if tally.failed:
        raise click.exceptions.Exit(1)


@contextlib.contextmanager
def _connected(settings: Settings) -> Iterator[Notifier]:
    with connect(settings=settings, on_error="raise") as notifier:
        try:
            yield notifier
        except Unreachable as err:
            raise click.ClickException(explained(err, settings)) from err
