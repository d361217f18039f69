# SPDX-License-Identifier: Apache-2.0
"""``top``: what a bridge does now, on a screen that stays, or once into a pipe."""

import itertools
import time
from collections.abc import Iterator

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from bridge.cli.asking import asking, asks, is_passing
from bridge.cli.gauging import Rates, Reading, between, read
from bridge.cli.glance import Glance, as_json, as_screen, as_text
from bridge.cli.showing import show_json
from bridge.client import BridgeClient, ClientError, NoAnswer

COUNTED = 500
"""No count of deliveries goes further."""

LISTENERS = 500


@click.command(short_help="Show what a bridge does now: rates, what waits, listeners.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 60),
    default=2.0,
    metavar="SECONDS",
    show_default=True,
    help="Between two looks; rates are of that time.",
)
@click.option("--once", is_flag=True, help="Show it once, as into a pipe.")
@asks
def top(*, interval: float, once: bool, bridge_url: str, form: str) -> None:
    """Show what a bridge does now: rates, what waits and is dead, listeners.

    On a terminal until Ctrl-C; into a pipe, or as JSON, once. Rates and breakers are of
    the bridge that is asked, and for tokens that are good for all projects.
    """
    console = Console()
    with asking(bridge_url) as bridge:
        looks = _looks(bridge, interval)
        if once or form == "json" or not console.is_terminal:
            # The second look is the first that knows rates.
            (glance,) = itertools.islice(looks, 1, 2)
            if form == "json":
                show_json(as_json(glance))
            else:
                as_text(glance)
            return
        try:
            _stay(console, looks)
        except KeyboardInterrupt:
            return


def _stay(console: Console, looks: Iterator[Glance]) -> None:
    first = next(looks)
    with Live(
        as_screen(first, console.height),
        console=console,
        screen=True,
        auto_refresh=False,
    ) as live:
        live.refresh()
        while True:
            try:
                shown = as_screen(next(looks), console.height)
            except (NoAnswer, ClientError) as err:
                if not is_passing(err):
                    raise
                shown = Text(f"{err}; it is asked again until it does", style="red")
            live.update(shown, refresh=True)


class _Looks:
    """Looks again and again, and goes on after a look that failed."""

    def __init__(self, bridge: BridgeClient, interval: float) -> None:
        self._bridge = bridge
        self._interval = interval
        self._last: Reading | None = None
        self._is_first = True

    def __iter__(self) -> Iterator[Glance]:
        return self

    def __next__(self) -> Glance:
        if not self._is_first:
            time.sleep(self._interval)
        self._is_first = False
        bridge = self._bridge
        before, self._last = self._last, _reading(bridge)
        return Glance(
            url=bridge.url,
            reasons=tuple(bridge.health()),
            reading=self._last,
            rates=_rates(before, self._last),
            waiting=_count(bridge, "pending"),
            dead=_count(bridge, "dead"),
            counted=COUNTED,
            listeners=tuple(bridge.listeners.find(limit=LISTENERS)),
        )


def _looks(bridge: BridgeClient, interval: float) -> Iterator[Glance]:
    return iter(_Looks(bridge, interval))


def _rates(first: Reading | None, last: Reading | None) -> Rates | None:
    return None if first is None or last is None else between(first, last)


def _reading(bridge: BridgeClient) -> Reading | None:
    try:
        return read(bridge.metrics(), time.monotonic())
    except ClientError:
        return None  # of a token for one project; the rest is shown


def _count(bridge: BridgeClient, state: str) -> int:
    return sum(1 for _ in bridge.deliveries.find(state=state, limit=COUNTED))
