# SPDX-License-Identifier: Apache-2.0
"""What an operator may set for the engine's side, as frozen values."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from notifier.tls import NO_FILES, Tls
from notifier.topology import BRIDGE_QUEUE, EXCHANGE, OUTBOX_TABLE, QueueType

OnError = Literal["log", "raise"]
OnUnroutable = Literal["raise", "ignore"]
Spans = Literal["none", "otlp"]


@dataclass(frozen=True, slots=True)
class Bus:
    """How to reach the broker.

    Attributes:
        url: ``amqp://…`` or ``amqps://…``; `None`: there is no broker.
        tls: Of a broker with an ``amqps://`` URL.
        bridge_queue: Make sure that this queue exists, for the bridge; `None`: none.
        on_unroutable: Whether an event that no queue takes is an error.
        pool_size: Connections kept open.
        queue_type: Of the bridge's queue, where it does not exist yet.
        timeout: The longest wait for a broker or bridge.
    """

    url: str | None = field(default=None, repr=False)
    exchange: str = EXCHANGE
    tls: Tls = NO_FILES
    bridge_queue: str | None = BRIDGE_QUEUE
    on_unroutable: OnUnroutable = "raise"
    pool_size: int = 1
    queue_type: QueueType = "quorum"
    timeout: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Outbox:
    """Where the relay finds events.

    Attributes:
        url: SQLAlchemy's, of the engine's database; `None`: there is no outbox.
        table: ``name`` or ``schema.name``.
    """

    url: str | None = field(default=None, repr=False)
    table: str = OUTBOX_TABLE


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may be set.

    Attributes:
        http_url: Where the bridge is reached when there is no broker.
        http_token: Shown to that bridge; `None`: none.
        source: Of every event: URI reference of the engine.
        project: Of every event; `None`: the default project.
        on_error: Log what goes wrong, or raise it.
        spans: Of each event that is published; made by OpenTelemetry.

    Example:
        >>> Settings().http_url
        'http://127.0.0.1:8990'
    """

    bus: Bus = Bus()
    outbox: Outbox = Outbox()
    http_url: str = "http://127.0.0.1:8990"
    http_token: str | None = field(default=None, repr=False)
    source: str = "/notifier"
    project: str | None = None
    on_error: OnError = "log"
    spans: Spans = "none"
