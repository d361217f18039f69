# SPDX-License-Identifier: Apache-2.0
"""``notifier tail``: what happens, line by line, as it happens."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import click
from rich.console import Console

from notifier.cli import ReadSettings
from notifier.cli.filtering import Filter
from notifier.cli.message import Message, as_json, as_text
from notifier.errors import Unreachable
from notifier.settings import Settings, masked

PAUSES_SECONDS: Final = (1, 2, 5, 10)

_Listen = Callable[[], Iterator[Message | None]]


@click.command()
@click.option(
    "--binding",
    "bindings",
    multiple=True,
    default=("#",),
    show_default=True,
    help="Such as 'task.failed.#' or '*.*.*.orders.#'; repeatable.",
)
@click.option(
    "--events",
    multiple=True,
    metavar="NAME",
    help="Only such: TASK, on-task-error, task.failed, task.*, …; repeatable.",
)
@click.option("--project", help="Only of this project.")
@click.option("--workbook", help="Only of this workbook; names may hold *.")
@click.option("--workflow", help="Only of this workflow.")
@click.option("--execution", help="Only of this execution and its sub-workflows.")
@click.option("--task", help="Only of this task, by name or id.")
@click.option("--errors-only", is_flag=True, help="Only what tells an error.")
@click.option(
    "--colour/--no-colour",
    default=None,
    help="Default: on a terminal, unless NO_COLOR is set.",
)
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
@click.option("--count", type=click.IntRange(min=1), help="End after so many events.")
@click.pass_obj
def tail(
    read_settings: ReadSettings,
    /,
    *,
    bindings: tuple[str, ...],
    events: tuple[str, ...],
    errors_only: bool,
    colour: bool | None,
    form: str,
    count: int | None,
    **names: str | None,
) -> None:
    """Show events as they come, until Ctrl-C.

    With a broker they come from a queue of its own, which ends with it; else from the
    bridge's event stream. A binding says what is fetched; the other options leave out
    some of that. Messages that are no events are shown only if none of them is given.
    """
    settings = read_settings()
    wanted = Filter.of(events, errors_only=errors_only, **names)
    console = Console(
        highlight=False,
        soft_wrap=True,
        force_terminal=colour,
        no_color=None if colour is None else not colour,
    )
    shown = 0
    try:
        for message in _watch(*_source(settings, bindings)):
            if not _is_wanted(message, wanted):
                continue
            if form == "json":
                click.echo(as_json(message))
            else:
                console.print(as_text(message))
            shown += 1
            if shown == count:
                return
    except KeyboardInterrupt:
        return


def _is_wanted(message: Message, wanted: Filter) -> bool:
    if message.event is None:
        return wanted.takes_all
    return wanted.accepts(message.event)


def _source(settings: Settings, bindings: tuple[str, ...]) -> tuple[str, _Listen]:
    # Each one's library takes a tenth of a second to import; one is needed.
    if settings.bus.url is not None:
        from notifier.cli.broker import listen as by_broker  # noqa: PLC0415

        bus = settings.bus
        return masked(settings.bus.url), lambda: by_broker(bus, bindings)
    from notifier.cli.door import listen as by_door  # noqa: PLC0415

    url, token = settings.http_url, settings.http_token
    return masked(url), lambda: by_door(url, bindings, _note, token=token)


def _watch(where: str, listen: _Listen) -> Iterator[Message]:
    """Yield each message; connect again when the connection breaks, and say so."""
    connected = False
    tries = 0
    while True:
        try:
            for message in listen():
                if message is not None:
                    yield message
                    continue
                _note(f"listening on {where}; Ctrl-C ends")
                connected = True
                tries = 0
        except Unreachable as err:
            if not connected:
                raise
            _note(f"{err}; events are missed until it is back")
            time.sleep(PAUSES_SECONDS[min(tries, len(PAUSES_SECONDS) - 1)])
            tries += 1


def _note(text: str) -> None:
    click.echo(text, err=True)
