# SPDX-License-Identifier: Apache-2.0
"""Event ↔ notification of oslo.messaging, which services of OpenStack emit.

::

    body          {"oslo.version": "2.0", "oslo.message": "<a notification, as JSON>"}
                  or the notification itself (the driver ``messaging``)
    notification  message_id, publisher_id, event_type, priority, timestamp, payload,
                  and _context_<name> for what is known of the request
    one of ours   has the event as its payload: one CloudEvents object

A service knows neither executions nor tasks; what it tells becomes the task of a request
(docs/adr/0007).
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from notifier.errors import InvalidEvent
from notifier.event import UNKNOWN, Event
from notifier.wire.body import MAX_BODY_BYTES, MAX_DEPTH, decode_json, format_time
from notifier.wire.cloudevents import from_cloudevent, to_cloudevent

MAX_NOTIFICATION_BYTES: Final = 4 * MAX_BODY_BYTES
"""JSON within JSON, in ASCII: a character of two bytes takes seven."""

_DEFAULT_SOURCE: Final = "/oslo.messaging"
_PRIORITY: Final = "INFO"
"""Of notifications that carry events."""

_ENVELOPED: Final = "oslo.message"
_CONTEXT: Final = "_context_"
_LEVELS_AROUND_AN_EVENT: Final = 2

_MAX_WORD_CHARS: Final = 64
_DIGEST_CHARS: Final = 8
_NOT_IN_A_WORD = re.compile(r"[^a-z0-9_-]")

# A resource's owner goes before whoever asked for something to be done to it.
_OWNER: Final = ("project_id", "tenant_id")
_CALLER: Final = ("project_id", "tenant", "project")


def to_notification(event: Event) -> dict[str, Any]:
    """Return the notification that carries an event."""
    return {
        "message_id": event.id,
        "publisher_id": event.source,
        "event_type": event.type,
        "priority": _PRIORITY,
        "timestamp": format_time(event.time),
        "payload": to_cloudevent(event),
    }


def from_oslo(headers: Mapping[str, Any], body: bytes) -> Event:
    """Return the event of a message that oslo.messaging sent.

    Raises:
        InvalidEvent: The message is no notification.
    """
    if headers.get("compression"):
        raise InvalidEvent("compression", "is not known; unset kombu_compression")
    message = _decode(body)
    if isinstance(message, dict) and isinstance(message.get(_ENVELOPED), str):
        message = _decode(message[_ENVELOPED])
    if not isinstance(message, dict):
        raise InvalidEvent("body", "must be an object with message_id and event_type")
    context = {
        name.removeprefix(_CONTEXT): value
        for name, value in message.items()
        if name.startswith(_CONTEXT)
    }
    return from_notification(message, context)


def from_notification(
    message: Mapping[str, Any],
    context: Mapping[str, Any],
    *,
    project: str | None = None,
    omitted: str | None = None,
) -> Event:
    """Return the event that a notification tells.

    Args:
        message: The notification, its payload of what JSON holds.
        context: What is known of the request that it belongs to.
        project: Where neither payload nor context names one.
        omitted: Why its payload is left out; None: it is not.

    Raises:
        InvalidEvent: It is no notification, or does not fit an event.
    """
    event_id, event_type = _text(message, "message_id"), _text(message, "event_type")
    payload = message.get("payload")
    if _is_event(payload, event_id, event_type):
        return from_cloudevent(payload)
    publisher = message.get("publisher_id") or _DEFAULT_SOURCE
    service = _service(message.get("publisher_id"))
    request = _known(context, "request_id") or event_id
    return Event.new(
        f"task.{word_of(event_type)}",
        event_id=event_id,
        source=publisher,
        time=_time(message.get("timestamp")),
        execution={
            "id": request,
            "root_id": _known(context, "global_request_id") or UNKNOWN,
        },
        task={"name": event_type},
        engine=service or UNKNOWN,
        workbook=service or UNKNOWN,
        project=_project(payload, context) or project or UNKNOWN,
        priority=message.get("priority", UNKNOWN),
        payload=payload if omitted is None else UNKNOWN,
        payload_omitted=UNKNOWN if omitted is None else omitted,
    )


def word_of(event_type: str) -> str:
    """Return what a notification's type is called within an event's.

    Example:
        >>> word_of("compute.instance.create.end")
        'compute-instance-create-end'
    """
    word = _NOT_IN_A_WORD.sub("-", event_type.lower()).lstrip("-_0123456789")
    if len(word) > _MAX_WORD_CHARS:
        digest = hashlib.sha256(event_type.encode()).hexdigest()[:_DIGEST_CHARS]
        word = f"{word[: _MAX_WORD_CHARS - _DIGEST_CHARS - 1]}-{digest}"
    return word or "notification"


def _decode(body: bytes | str) -> Any:  # noqa: ANN401 - JSON's edge
    return decode_json(
        body,
        max_bytes=MAX_NOTIFICATION_BYTES,
        max_depth=MAX_DEPTH + _LEVELS_AROUND_AN_EVENT,
    )


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidEvent(name, "is missing" if value is None else "must be text")
    return value


def _is_event(payload: object, event_id: str, event_type: str) -> bool:
    return (
        isinstance(payload, dict)
        and "specversion" in payload
        and (payload.get("id"), payload.get("type")) == (event_id, event_type)
    )


def _service(publisher: object) -> str:
    """Return ``compute`` of ``compute.host1``, ``nova-api`` of ``nova-api:host1``."""
    return re.split("[.:]", publisher)[0] if isinstance(publisher, str) else ""


def _project(payload: object, context: Mapping[str, Any]) -> str | None:
    payload = payload if isinstance(payload, dict) else {}
    # Nova's versioned notifications have their data one level down.
    for place in (payload.get("nova_object.data"), payload):
        if isinstance(place, dict) and (owner := _known(place, *_OWNER)):
            return owner
    return _known(context, *_CALLER)


def _known(place: Mapping[str, Any], *names: str) -> str | None:
    values = (place.get(name) for name in names)
    return next((one for one in values if isinstance(one, str) and one), None)


def _time(text: object) -> datetime:
    try:
        time = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError as err:
        raise InvalidEvent("timestamp", "must be a time in ISO 8601") from err
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
