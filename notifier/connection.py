# SPDX-License-Identifier: Apache-2.0
"""From settings to the bus: through the broker if one is set, else the bridge."""

from typing import TYPE_CHECKING, Literal

from notifier.conventions import BRIDGE, OSLO, RABBITMQ, Destination
from notifier.errors import SettingsError
from notifier.notifier import Notifier
from notifier.publishers.publisher import Publisher
from notifier.settings import Bus, Settings, load, masked
from notifier.settings.options import AMQP
from notifier.settings.url import TRANSPORT

if TYPE_CHECKING:
    from notifier.publishers.amqp import AmqpPublisher


def connect(
    url: str | None = None,
    *,
    source: str | None = None,
    project: str | None = None,
    engine: str | None = None,
    on_error: Literal["log", "raise"] | None = None,
    settings: Settings | None = None,
) -> Notifier:
    """Return a notifier; it reaches for the bus with its first event.

    What is given here wins over the settings.

    Args:
        url: ``amqp://…`` of a broker, ``rabbit://…`` as oslo.messaging writes it,
            ``oslo+rabbit://…`` to publish through oslo.messaging, or ``http://…`` of a
            bridge.
        source: URI reference of the engine.
        project: Of every event that names none.
        engine: Name of the engine.
        on_error: ``"log"`` or ``"raise"``.
        settings: Default: those of this process, from file and environment.

    Raises:
        SettingsError: A setting is wrong.
    """
    if settings is None:
        settings = load()
    return Notifier(
        open_publisher(settings, url),
        source=settings.source if source is None else source,
        project=settings.project if project is None else project,
        engine=engine,
        timeout=settings.bus.timeout,
        on_error=settings.on_error if on_error is None else on_error,
    )


def open_publisher(settings: Settings, url: str | None = None) -> Publisher:
    """Return the way to the bus; nothing is connected yet.

    Args:
        settings: Name the broker or bridge, unless the URL does.
        url: As for `connect`.

    Raises:
        SettingsError: The URL is none of these.
    """
    url = url or settings.bus.url or settings.http_url
    if url.startswith(TRANSPORT):
        url = _amqp_url(url)
    publisher = _opened(settings, url)
    return publisher if settings.spans == "none" else _traced(publisher, settings, url)


def _opened(settings: Settings, url: str) -> Publisher:
    match url.partition("://")[0]:
        case "amqp" | "amqps":
            return open_broker(settings.bus, url)
        case "http" | "https":
            from notifier.publishers.http import HttpPublisher  # noqa: PLC0415 - slow; one is used

            return HttpPublisher(url, token=settings.http_token)
        case "oslo+rabbit":
            from notifier.publishers.oslo import OsloPublisher  # noqa: PLC0415 - optional library

            return OsloPublisher(url.removeprefix("oslo+"))
        case _:
            raise SettingsError(f"{masked(url)} is no URL of a broker or a bridge")


def _traced(publisher: Publisher, settings: Settings, url: str) -> Publisher:
    try:
        from notifier.publishers import traced  # noqa: PLC0415 - optional library
        from notifier.tracing import open_tracer  # noqa: PLC0415 - optional library
    except ImportError as err:
        raise SettingsError(
            "[tracing] spans = otlp needs OpenTelemetry; pip install "
            "'workflow-notifier[otel]'"
        ) from err
    destination = _destination(settings.bus.exchange, url)
    return traced.traced(publisher, open_tracer("notifier"), destination)


def _destination(exchange: str, url: str) -> Destination:
    match url.partition("://")[0]:
        case "amqp" | "amqps":
            return Destination(RABBITMQ, exchange, url)
        case "http" | "https":
            return Destination(BRIDGE, exchange, url)
        case _:
            from notifier.publishers.oslo import TOPIC  # noqa: PLC0415 - optional library

            return Destination(OSLO, TOPIC, url)


def open_broker(bus: Bus, url: str) -> "AmqpPublisher":
    """Return the way to a broker; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together with the URL.
    """
    from notifier.publishers.amqp import AmqpPublisher  # noqa: PLC0415 - slow; not all use it

    return AmqpPublisher(
        url,
        exchange=bus.exchange,
        tls=bus.tls,
        bridge_queue=bus.bridge_queue,
        on_unroutable=bus.on_unroutable,
        pool_size=bus.pool_size,
        queue_type=bus.queue_type,
    )


def _amqp_url(transport_url: str) -> str:
    try:
        return AMQP(transport_url)
    except ValueError as err:
        raise SettingsError(f"{masked(transport_url)} is no URL of a broker") from err
