# SPDX-License-Identifier: Apache-2.0
"""What an operator may set for a bridge, as frozen values."""

from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Literal

import platformdirs

from bridge.errors import SettingsError
from notifier.settings import Spans
from notifier.tls import NO_FILES, Tls
from notifier.topology import (
    BRIDGE_QUEUE,
    EXCHANGE,
    NOTIFICATION_QUEUE,
    QueueType,
)

Auth = Literal["none", "token", "keystone"]
Client = Literal["loop", "threads"]
Reader = Literal["lean", "plain"]
History = Literal["none", "stream"]
LogFormat = Literal["line", "json"]
Network = IPv4Network | IPv6Network


def data_directory() -> Path:
    """Return where this user's bridge keeps its data."""
    return platformdirs.user_data_path("workflow-notifier")


def default_database_url() -> str:
    """Return the URL of a SQLite file in `data_directory`."""
    return f"sqlite:///{data_directory() / 'bridge.sqlite3'}"


def default_key_file() -> Path:
    """Return the file in `data_directory` that holds the key to what is secret."""
    return data_directory() / "bridge.key"


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Where the API listens, and who may use it; port 0: a free one.

    Attributes:
        keystone_file: Has ``[keystone_authtoken]``; None: the environment has it all.

    Raises:
        SettingsError: Others could reach what nobody has to sign in to.
    """

    host: str = "127.0.0.1"
    port: int = 8990
    auth: Auth = "none"
    keystone_file: Path | None = None

    def __post_init__(self) -> None:
        if self.auth == "none" and not self._is_loopback():
            raise SettingsError(
                f"[api] host {self.host} lets others reach the API, who may do "
                "everything while auth = none: take 127.0.0.1, or set [api] auth = "
                "token and make tokens by notifier-bridge token-create"
            )

    def _is_loopback(self) -> bool:
        return self.host == "localhost" or ip_address(self.host).is_loopback


@dataclass(frozen=True, slots=True)
class QuotaSettings:
    """How much a project may have and do; None: as much as it likes.

    Attributes:
        listeners: That it may have.
        events_per_second: That it may publish by one bridge's API, over time.
    """

    listeners: int | None = 10_000
    events_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where listeners, events and deliveries are kept.

    Attributes:
        migrate: An older schema is brought up to date at the start.
    """

    url: str = field(default_factory=default_database_url, repr=False)
    migrate: bool = True


@dataclass(frozen=True, slots=True)
class BusSettings:
    """Where events come from.

    Attributes:
        url: ``amqp://…`` or ``amqps://…``; None: the bus in this process.
        tls: Of an ``amqps://`` URL.
        bridge_queue: Where this bridge, and all that share its work, take events from.
        prefetch: So many messages wait here unacked. About what one listener's lane
            holds: then a burst for one listener is delivered without being parked.
        timeout: For a publish to be confirmed.
        duplicate_events: Of so many recorded events, a copy is recognised.
        duplicate_span: For so long.
        reader: Takes messages off the broker's connection: "lean", in large pieces, or
            "plain", by py-amqp alone.
        history: "stream": the broker keeps a stream of all events too.
        history_days: For so long.
    """

    url: str | None = field(default=None, repr=False)
    tls: Tls = NO_FILES
    exchange: str = EXCHANGE
    bridge_queue: str = BRIDGE_QUEUE
    prefetch: int = 300
    queue_type: QueueType = "quorum"
    timeout: timedelta = timedelta(seconds=5)
    duplicate_events: int = 100_000
    duplicate_span: timedelta = timedelta(minutes=10)
    reader: Reader = "lean"
    history: History = "none"
    history_days: int = 7


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """What is heard of services that emit notifications through oslo.messaging.

    Attributes:
        topics: Routing keys; none: nothing is heard.
        exchanges: Of those services.
        queue: Where the bridges take them from.
        url: Of their broker; None: that of the bus.
    """

    topics: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ("openstack",)
    queue: str = NOTIFICATION_QUEUE
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CallbackSettings:
    """Where callbacks may lead.

    Attributes:
        allow_addresses: Networks that are reached though they are not global.
        allow_loopback: So are 127.0.0.0/8 and ::1.
        https_only: Webhooks are sent over TLS, and not at all in clear text.
        amqp_exchanges: That callbacks may publish to.
        client: Of webhooks: ``loop``, fast, or ``threads``, on requests. A listener's
            own certificate is shown by the latter in any case.
        connections: Webhooks under way at the same time, by ``loop``.
        threads: The same by ``threads``.
        ca_bundle: PEM file of the authorities to trust; None: those of certifi.
        webhook_origin: Receivers must agree to this sender's name; None: not asked.
    """

    allow_addresses: tuple[Network, ...] = ()
    allow_loopback: bool = True
    https_only: bool = False
    amqp_exchanges: tuple[str, ...] = ()
    client: Client = "loop"
    connections: int = 1024
    threads: int = 128
    ca_bundle: Path | None = None
    webhook_origin: str | None = None


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How patient the bridge is.

    Attributes:
        grace: Attempts under way may take so long to end when the bridge stops.
        park_after: An attempt that is still open after this is recorded as parked.
        wait: A delivery that would wait longer for a slot is parked.
        disable_after: A listener that has done nothing but fail for so long is turned
            off.
    """

    grace: timedelta = timedelta(seconds=30)
    park_after: timedelta = timedelta(seconds=1)
    wait: timedelta = timedelta(milliseconds=200)
    disable_after: timedelta = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long what is kept.

    Attributes:
        events: With deliveries that have ended, from their arrival.
        dead: Dead deliveries and their events, from the last attempt.
        execution_listener: Listeners on one execution, from its end.
    """

    events: timedelta = timedelta(days=7)
    dead: timedelta = timedelta(days=30)
    execution_listener: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SecretSettings:
    """What seals secrets in the database; `key` wins over `key_file`."""

    key: str | None = field(default=None, repr=False)
    key_file: Path = field(default_factory=default_key_file)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How much is logged, and what a line looks like."""

    level: str = "INFO"
    format: LogFormat = "line"


@dataclass(frozen=True, slots=True)
class TracingSettings:
    """Spans of events taken in and of attempts; made by OpenTelemetry."""

    spans: Spans = "none"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may be set.

    Example:
        >>> Settings().api.port
        8990
    """

    api: ApiSettings = ApiSettings()
    quotas: QuotaSettings = QuotaSettings()
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    bus: BusSettings = BusSettings()
    notifications: NotificationSettings = NotificationSettings()
    callbacks: CallbackSettings = CallbackSettings()
    delivery: DeliverySettings = DeliverySettings()
    retention: RetentionSettings = RetentionSettings()
    secrets: SecretSettings = field(default_factory=SecretSettings)
    log: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()
