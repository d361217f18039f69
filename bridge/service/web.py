# SPDX-License-Identifier: Apache-2.0
"""Serves the API on the event loop that everything else lives on."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import uvicorn
from starlette.types import ASGIApp

from bridge.errors import SettingsError
from bridge.service.arrival import ArrivingRequests


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0: a free one.

    Raises:
        SettingsError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as err:
        listening.close()
        if err.errno == errno.EADDRINUSE:
            message = f"port {port} is in use; choose another with --port"
        else:
            message = f"[api] host {host}, port {port}: {err.strerror}"
        raise SettingsError(message) from err
    listening.listen(128)
    return listening


class Web:
    """The API's server, between `start` and `stop`."""

    def __init__(
        self, app: ASGIApp, listening: socket.socket, grace: timedelta
    ) -> None:
        config = uvicorn.Config(
            app,
            http=ArrivingRequests,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=max(1, round(grace.total_seconds())),
        )
        self._server = _Server(config)
        self._listening = listening
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to answer."""
        serving = self._server.serve(sockets=[self._listening])
        self._running = asyncio.get_running_loop().create_task(serving)

    async def stop(self) -> None:
        """Answer what was asked, then close."""
        self._server.should_exit = True
        if self._running is not None:
            await self._running


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the service, which drains more than the API."""
        yield


def url_of(listening: socket.socket) -> str:
    """Return the URL of who listens there."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
