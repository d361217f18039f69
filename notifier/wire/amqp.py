# SPDX-License-Identifier: Apache-2.0
"""Event ↔ AMQP 0-9-1 message, CloudEvents binary mode (CloudEvents AMQP binding).

::

    properties  content_type message_id=id type timestamp delivery_mode=2 app_id
    headers     cloudEvents_<attribute>, plain traceparent and tracestate
    body        {"type": …, "timestamp": …, "data": {…}}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from notifier.errors import InvalidEvent
from notifier.event import TRACE, Event
from notifier.wire.attributes import KNOWN, attributes_of, event_of
from notifier.wire.body import decode_json, encode_body
from notifier.wire.routing_key import project_word, routing_key

PREFIX: Final = "cloudEvents_"
# The binding's text, its errata, and senders that copy HTTP's headers.
READ_PREFIXES: Final = (PREFIX, "cloudEvents:", "ce-")
CONTENT_TYPE: Final = "application/json"
PERSISTENT: Final = 2

_USUAL: Final = {
    **{PREFIX + name: name for name in KNOWN if name not in TRACE},
    **{name: name for name in TRACE},
}
"""Header to attribute, of those that nearly all events have and no others."""

_PROJECT_PLACE: Final = 2
_MAX_NAMES: Final = 1024
# Of several headers with one name, the first prefix has the last word.
_RANK: Final = {prefix: rank for rank, prefix in enumerate((*READ_PREFIXES, ""))}


@dataclass(frozen=True, slots=True)
class AmqpMessage:
    """What a publisher hands to the broker.

    Attributes:
        properties: Basic properties by py-amqp's names, ``headers`` left out.
    """

    routing_key: str
    properties: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes


def to_amqp(event: Event) -> AmqpMessage:
    """Return the message that carries the event.

    Raises:
        InvalidEvent: It does not fit a message.
    """
    properties: dict[str, Any] = {
        "content_type": CONTENT_TYPE,
        "message_id": event.id,
        "type": event.type,
        "delivery_mode": PERSISTENT,
    }
    seconds = int(event.time.timestamp())
    if seconds >= 0:  # AMQP has no time before 1970; the body has it
        properties["timestamp"] = seconds
    if event.engine is not None:
        properties["app_id"] = event.engine
    headers = amqp_headers(attributes_of(event))
    return AmqpMessage(routing_key(event), properties, headers, encode_body(event))


def amqp_headers(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that carry CloudEvents attributes."""
    return {_header(name): value for name, value in attributes.items()}


@lru_cache(_MAX_NAMES)
def _header(name: str) -> str:
    return name if name in TRACE else PREFIX + name


def from_amqp(
    properties: Mapping[str, Any],
    headers: Mapping[str, Any],
    body: bytes,
    routing_key: str | None = None,
) -> Event:
    """Return the event that a message carries.

    Args:
        properties: By py-amqp's names.
        headers: Attributes under any of the three prefixes that are in use.
        body: As received.
        routing_key: Checked against the project, where given and of our form.

    Raises:
        InvalidEvent: The message is no event.
    """
    attributes = _read_attributes(headers)
    if properties.get("message_id"):
        attributes.setdefault("id", str(properties["message_id"]))
    event = event_of(attributes, decode_json(body))
    if routing_key is not None:
        _check_project(event, routing_key)
    return event


def _read_attributes(headers: Mapping[str, Any]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for header, value in headers.items():
        usual = _USUAL.get(header)
        if usual is None or type(value) is not str:
            return _read_any(headers)
        attributes[usual] = value
    return attributes


def _read_any(headers: Mapping[str, Any]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for header, value in headers.items():
        if value is not None:
            prefix, name = _name_in(header)
            if prefix == PREFIX:
                attributes.setdefault(name, _text(header, value))
            elif name:
                others.append((prefix, header))
    for _, header in sorted(others, key=lambda one: _RANK[one[0]]):
        name = _name_in(header)[1]
        attributes.setdefault(name, _text(header, headers[header]))
    return attributes


@lru_cache(_MAX_NAMES)
def _name_in(header: str) -> tuple[str, str]:
    """Return prefix and name of the attribute in a header; no name: there is none."""
    if header in TRACE:
        return "", header
    for prefix in READ_PREFIXES:
        if header.startswith(prefix):
            return prefix, header.removeprefix(prefix).lower()
    return "", ""


def _text(header: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()  # CloudEvents 1.0 §3.1: Boolean as text
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as err:
            raise InvalidEvent(header, "is not UTF-8") from err
    if isinstance(value, int):
        return str(value)
    raise InvalidEvent(header, f"must be text, not {type(value).__name__}")


def _check_project(event: Event, key: str) -> None:
    said = _project_in(key)
    if said is not None and said != project_word(event.project):
        raise InvalidEvent(
            "project",
            f"is {said!r} in the routing key, but {event.project!r} in the body",
        )


@lru_cache(_MAX_NAMES)
def _project_in(key: str) -> str | None:
    """Return a project as it stands in a routing key; None: the key is not of our form."""
    words = key.split(".")
    is_ours = words[0] in ("execution", "task") and len(words) > _PROJECT_PLACE
    return words[_PROJECT_PLACE] if is_ours else None
