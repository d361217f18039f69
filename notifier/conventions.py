# SPDX-License-Identifier: Apache-2.0
"""Names and attributes of spans, by OpenTelemetry's semantic conventions; pure.

Those for messaging (RabbitMQ), for HTTP clients, and for CloudEvents. None holds a body,
a header, or what of a URL may be secret.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import SplitResult, urlsplit

from notifier.event import Event

Attributes = Mapping[str, str | int]

RABBITMQ: Final = "rabbitmq"
BRIDGE: Final = "workflow_notifier"
"""``messaging.system`` where events go to a bridge, or within one."""
OSLO: Final = "oslo_messaging"
"""That of a transport which makes exchanges and routing keys of its own."""

REDACTED: Final = "REDACTED"
OWN: Final = "workflow_notifier."
"""Begins the names of attributes that are no convention's."""

_PORTS: Final = {"amqp": 5672, "amqps": 5671, "http": 80, "https": 443}
# Whoever has the URL of many a webhook may call it: such a key is no word.
_WORD: Final = re.compile(r"([a-z]{1,24}[0-9]{0,4})([-_.][a-z]{0,24}[0-9]{0,4}){0,4}")
_OPERATION_TYPES: Final = {"publish": "send", "process": "process"}


class Kind(Enum):
    """What a span is to the one on the other side."""

    PRODUCER = "producer"
    CONSUMER = "consumer"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where messages go to, and come from.

    Attributes:
        system: `RABBITMQ`, `BRIDGE` or `OSLO`.
        name: Of the exchange, or the topic.
        url: Of the first broker, or of the bridge; None: within this process.
        queue: That a consumer has them from.
    """

    system: str
    name: str
    url: str | None = field(default=None, repr=False)
    queue: str | None = None


def messaging(
    operation: str, destination: Destination, event: Event, *, routing_key: str
) -> dict[str, str | int]:
    """Return the attributes of publishing or processing the message of an event.

    Args:
        operation: ``publish`` or ``process``.
        destination: Where it goes to or comes from.
        event: In the message.
        routing_key: Of the message; empty: it has none, or none that is known.
    """
    attributes: dict[str, str | int] = {
        "messaging.system": destination.system,
        "messaging.operation.name": operation,
        "messaging.operation.type": _OPERATION_TYPES[operation],
        "messaging.destination.name": destination.name,
        "messaging.message.id": event.id,
        **cloud_event(event),
    }
    if destination.queue is not None:
        attributes["messaging.destination.subscription.name"] = destination.queue
    if routing_key and destination.system == RABBITMQ:
        attributes["messaging.rabbitmq.destination.routing_key"] = routing_key
    if destination.url is not None:
        attributes |= server(destination.url.partition(";")[0])
    return attributes


def cloud_event(event: Event) -> dict[str, str | int]:
    """Return the attributes that tell which event it is about."""
    return {
        "cloudevents.event_id": event.id,
        "cloudevents.event_source": event.source,
        "cloudevents.event_spec_version": "1.0",
        "cloudevents.event_type": event.type,
        "cloudevents.event_subject": event.subject,
    }


def http_client(method: str, url: str, *, resends: int) -> dict[str, str | int]:
    """Return the attributes of a request before it is answered.

    Args:
        method: Of the request.
        url: See `shown_url`.
        resends: How often it was sent before.
    """
    attributes = {
        "http.request.method": method,
        "url.full": shown_url(url),
        **server(url),
    }
    if resends:
        attributes["http.request.resend_count"] = resends
    return attributes


def server(url: str) -> dict[str, str | int]:
    """Return the attributes of the host in a URL."""
    parts, port = _split(url)
    if parts is None or not parts.hostname:
        return {}
    attributes: dict[str, str | int] = {"server.address": parts.hostname}
    port = _PORTS.get(parts.scheme) if port is None else port
    if port is not None:
        attributes["server.port"] = port
    return attributes


def shown_url(url: str) -> str:
    """Return a URL without what may be secret in it.

    That is userinfo, the values of its query, and whatever of its path is no plain word:
    many a receiver knows its senders by that.

    Example:
        >>> shown_url("https://hooks.example/services/T024BE7LH/x7Gd9K?token=abc")
        'https://hooks.example/services/REDACTED/REDACTED?token=REDACTED'
    """
    parts, port = _split(url)
    if parts is None or not parts.hostname:
        return REDACTED
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    origin = f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
    path = "/".join(_shown(segment) for segment in parts.path.split("/"))
    if not parts.query:
        return origin + path
    names = (one.partition("=")[0] for one in parts.query.split("&"))
    shown = "&".join(f"{_shown(name)}={REDACTED}" for name in names)
    return f"{origin}{path}?{shown}"


def _split(url: str) -> tuple[SplitResult | None, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port  # a property that raises
    except ValueError:
        return None, None
    return parts, port


def _shown(word: str) -> str:
    return word if not word or _WORD.fullmatch(word) else REDACTED
