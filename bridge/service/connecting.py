# SPDX-License-Identifier: Apache-2.0
"""Connects to brokers, the way that the sources of events need it."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from bridge.intake.frames import tolerant
from notifier import topology
from notifier.errors import Unreachable
from notifier.publishers.dial import client_of
from notifier.publishers.failures import FAILURES, describe
from notifier.tls import Tls

HEARTBEAT_SECONDS: Final = 10
CONNECT_SECONDS: Final = 5


def connect(
    urls: Iterator[str], tls: Tls, declare: Callable[[Any], None] | None = None
) -> Any:  # noqa: ANN401 - py-amqp has no types
    """Return a connection to the next broker, on which all is declared; blocks.

    Args:
        urls: Of brokers, one after the other.
        tls: Of ``amqps://`` URLs.
        declare: What a source needs beside the quarantine.
    """
    connection = dial(next(urls), tls)
    try:
        if declare is not None:
            declare(connection)
        topology.declare_quarantine(connection)
    except BaseException:
        connection.collect()
        raise
    return connection


def dial(url: str, tls: Tls) -> Any:  # noqa: ANN401 - py-amqp has no types
    """Return a connection of py-amqp to one broker, as a source needs it; blocks."""
    client = client_of(
        url,
        tls,
        heartbeat=HEARTBEAT_SECONDS,
        connect_timeout=CONNECT_SECONDS,
        transport_options={
            "read_timeout": CONNECT_SECONDS,
            "write_timeout": CONNECT_SECONDS,
            "frame_handler": tolerant,
            "client_properties": {"connection_name": "notifier-bridge"},
        },
    )
    return client.transport.establish_connection()


def has_queue(urls: Iterator[str], tls: Tls, queue: str) -> bool:
    """Tell whether the next broker has a queue; blocks.

    Raises:
        Unreachable: It cannot be asked.
    """
    try:
        connection = dial(next(urls), tls)
        try:
            return topology.has_queue(connection, queue)
        finally:
            connection.collect()
    except FAILURES as err:
        raise Unreachable(describe(err)) from err
