# SPDX-License-Identifier: Apache-2.0
"""Where one of several bridges of one program stands: what it was given by its parent."""

from collections.abc import Sequence
from dataclasses import dataclass
from socket import socket

from bridge.errors import SettingsError
from bridge.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """One of them.

    Attributes:
        number: From 0 on; whoever comes after a dead one has its number.
        listening: The API's socket, which all of them answer.
        siblings: Sockets on which each tells its metrics, in their order.
        lifeline: Ends once the parent is gone.
        ready: Takes a byte once this one is ready.
    """

    number: int
    listening: socket
    siblings: Sequence[socket]
    lifeline: int
    ready: int


def check(settings: Settings) -> None:
    """Refuse several bridges where only one process can know of all events.

    Raises:
        SettingsError: Says what is needed.
    """
    if settings.bus.url is None:
        raise SettingsError(
            "--workers needs RabbitMQ: without AMQP_URL events pass within one process"
        )
    if settings.database.url.startswith("sqlite"):
        raise SettingsError(
            "--workers needs PostgreSQL: one process alone may use a SQLite file; set "
            "DATABASE_URL"
        )
