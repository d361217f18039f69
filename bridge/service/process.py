# SPDX-License-Identifier: Apache-2.0
"""A bridge as a process of its own: its signals, its log, its word to systemd."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable

import uvloop

from bridge import logs
from bridge.errors import SettingsError
from bridge.service import cores, garbage, systemd
from bridge.service.modes import Modes
from bridge.service.service import Announce, Service
from bridge.settings import Settings

_log = logging.getLogger(__name__)


def serve(load: Callable[[], Settings], *, modes: Modes, announce: Announce) -> int:
    """Run one bridge until SIGTERM or SIGINT; return the exit status.

    SIGHUP loads the settings again. If it comes because the terminal is gone, it ends
    the bridge, too: else one would go on that nobody sees.

    Args:
        load: Returns the settings as they are wanted now.
        modes: Which parts of the bridge run here.
        announce: Told, in a few lines for people, what it does.

    Raises:
        BridgeError: It could not start.
    """
    cores.leave_none()
    settings = load()
    logs.set_up(settings.log.level, settings.log.format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Service(settings, announce, modes), load))
    return 0


async def _serve(service: Service, load: Callable[[], Settings]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    has_terminal = sys.stdin is not None and sys.stdin.isatty()

    def hang_up() -> None:
        if has_terminal and not os.isatty(sys.stdin.fileno()):
            stop.set()
        else:
            _reload(service, load)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hang_up)

    def started() -> None:
        garbage.look_seldom()
        systemd.tell(systemd.READY)

    await service.run(stop, started=started)


def _reload(service: Service, load: Callable[[], Settings]) -> None:
    try:
        wanted = load()
    except SettingsError as err:
        _log.error("settings are wrong; the old ones stay", extra={"reason": str(err)})
        return
    logs.set_up(wanted.log.level, wanted.log.format)
    service.follow(wanted)
