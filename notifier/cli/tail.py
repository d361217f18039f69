# SPDX-License-Identifier: Apache-2.0
"""``notifier tail``: what happens, line by line, as it happens."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import click
from rich.console import Console

from notifier.cli import ReadSettings
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
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
@click.option("--count", type=click.IntRange(min=1), help="End after so many events.")
@click.pass_obj
def tail(
    read_settings: ReadSettings,
    /,
    bindings: tuple[str, ...],
    form: str,
    count: int | None,
) -> None:
    """Show events as they come, until Ctrl-C.

    With a broker they come from a queue of its own, which ends with it; else from the
    bridge's event stream.
    """
    settings = read_settings()
    console = Console(highlight=False, soft_wrap=True)
    shown = 0
    try:
        for message in _watch(*_source(settings, bindings)):
            if form == "json":
                click.echo(as_json(message))
            else:
                console.print(as_text(message))
            shown += 1
            if shown == count:
                return
    except KeyboardInterrupt:
        return


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
