# SPDX-License-Identifier: Apache-2.0
"""A bridge as a process of its own: its signals, its log, its word to systemd."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from functools import partial

import uvloop

from bridge import logs
from bridge.errors import SettingsError
from bridge.service import cores, garbage, place, systemd
from bridge.service.modes import Modes
from bridge.service.place import Place
from bridge.service.service import Announce, Service
from bridge.service.supervisor import Supervisor
from bridge.service.terminal import Terminal
from bridge.service.web import bind
from bridge.settings import Settings

_log = logging.getLogger(__name__)


def serve(
    load: Callable[[], Settings],
    *,
    modes: Modes,
    announce: Announce,
    workers: int = 1,
) -> int:
    """Run a bridge, or several, until SIGTERM or SIGINT; return the exit status.

    SIGHUP loads the settings again. If it comes because the terminal is gone, it ends
    the bridge, too: else one would go on that nobody sees.

    Args:
        load: Returns the settings as they are wanted now.
        modes: Which parts of the bridge run here.
        announce: Told, in a few lines for people, what it does.
        workers: How many bridges, each a process, answer the API and share the work.

    Raises:
        BridgeError: It could not start.
    """
    cores.leave_none()
    settings = load()
    logs.set_up(settings.log.level, settings.log.format)
    if workers == 1:
        _run(Service(settings, announce, modes), load)
        return 0
    modes.check(settings)
    place.check(settings)

    def work(mine: Place) -> None:
        told = announce if mine.number == 0 else _say_nothing
        _run(Service(settings, told, modes, mine), load, mine)

    with bind(settings.api.host, settings.api.port) as listening:
        return Supervisor(workers, work, listening, announce).run()


def _say_nothing(_: str) -> None:
    """Leave it to the first worker: the others would say the same."""


def _run(
    service: Service, load: Callable[[], Settings], mine: Place | None = None
) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(service, load, mine))


async def _serve(
    service: Service, load: Callable[[], Settings], mine: Place | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    terminal = Terminal()

    def hang_up() -> None:
        if terminal.is_gone:
            stop.set()
        else:
            _reload(service, load)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    if mine is not None:
        loop.add_reader(mine.lifeline, partial(_outlive, loop, mine.lifeline, stop))

    def started() -> None:
        garbage.look_seldom()
        if mine is None:
            systemd.tell(systemd.READY)
        else:
            os.write(mine.ready, bytes([mine.number]))

    await service.run(stop, started=started)


def _outlive(
    loop: asyncio.AbstractEventLoop, lifeline: int, stop: asyncio.Event
) -> None:
    """End as well: the parent is gone."""
    loop.remove_reader(lifeline)
    stop.set()


def _reload(service: Service, load: Callable[[], Settings]) -> None:
    try:
        wanted = load()
    except SettingsError as err:
        _log.error("settings are wrong; the old ones stay", extra={"reason": str(err)})
        return
    logs.set_up(wanted.log.level, wanted.log.format)
    service.follow(wanted)
