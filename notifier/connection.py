# SPDX-License-Identifier: Apache-2.0
"""From settings to the bus: through the broker if one is set, else the bridge."""

from typing import Literal

from notifier.errors import SettingsError
from notifier.notifier import Notifier
from notifier.publishers.publisher import Publisher
from notifier.settings import Settings, load, masked
from notifier.settings.options import AMQP
from notifier.settings.url import TRANSPORT


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
        url: ``amqp://…`` of a broker, ``rabbit://…`` as oslo.messaging writes it, or
            ``http://…`` of a bridge.
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
        url: ``amqp://…`` or ``rabbit://…`` of a broker, or ``http://…`` of a bridge.

    Raises:
        SettingsError: The URL is none of these.
    """
    url = url or settings.bus.url or settings.http_url
    if url.startswith(TRANSPORT):
        url = _amqp_url(url)
    match url.partition("://")[0]:
        case "amqp" | "amqps":
            from notifier.publishers.amqp import AmqpPublisher  # noqa: PLC0415 - slow; one is used

            return AmqpPublisher(
                url,
                exchange=settings.bus.exchange,
                tls=settings.bus.tls,
                bridge_queue=settings.bus.bridge_queue,
                on_unroutable=settings.bus.on_unroutable,
                pool_size=settings.bus.pool_size,
                queue_type=settings.bus.queue_type,
            )
        case "http" | "https":
            from notifier.publishers.http import HttpPublisher  # noqa: PLC0415 - slow; one is used

            return HttpPublisher(url)
        case _:
            raise SettingsError(f"{masked(url)} is no URL of a broker or a bridge")


def _amqp_url(transport_url: str) -> str:
    try:
        return AMQP(transport_url)
    except ValueError as err:
        raise SettingsError(f"{masked(transport_url)} is no URL of a broker") from err
