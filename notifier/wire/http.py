# SPDX-License-Identifier: Apache-2.0
"""Event ↔ HTTP: ``ce-*`` headers out; any of the four accepted forms in.

::

    application/json                     {"type", "timestamp", "data"} + ce-* headers
    application/json                     the same with "id" and "source", or a list
    application/cloudevents+json         one CloudEvents object
    application/cloudevents-batch+json   a list of them
"""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, unquote

from notifier.errors import InvalidEvent
from notifier.event import TRACE, Event
from notifier.wire.attributes import attributes_of, event_of
from notifier.wire.body import decode_json, format_time
from notifier.wire.cloudevents import BATCH, STRUCTURED, from_cloudevent

PREFIX: Final = "ce-"
DEFAULT_SOURCE: Final = "/events"
MAX_EVENTS: Final = 1000

# CloudEvents HTTP binding §3.1.3.2: printable ASCII but space, double quote, percent
_SAFE: Final = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '"%')
_is_safe: Final = re.compile(f"[{re.escape(_SAFE)}]*").fullmatch  # as nearly all are


def ce_headers(event: Event) -> dict[str, str]:
    """Return the headers of CloudEvents binary mode, trace context as its own."""
    headers = {}
    attributes = attributes_of(event)
    if not event.attributes and _is_safe("".join(attributes.values())):
        return {PREFIX + name: value for name, value in attributes.items()}
    for name, value in attributes.items():
        if name in TRACE:  # W3C Trace Context knows no percent-encoding
            headers[name] = value
        else:
            headers[PREFIX + name] = (
                value if _is_safe(value) else quote(value, safe=_SAFE)
            )
    return headers


def trace_headers(event: Event) -> dict[str, str]:
    """Return the headers of the event's trace context (W3C)."""
    return {name: event.attributes[name] for name in TRACE if name in event.attributes}


def from_http(headers: Mapping[str, str], body: bytes) -> list[Event]:
    """Return the events of one request.

    Args:
        headers: With names in lower case.
        body: As received.

    Raises:
        InvalidEvent: None of the accepted forms; `field` starts with the place in the
            list (``[3].type``) where there are several.
    """
    content = headers.get("content-type", "").partition(";")[0].strip().lower()
    value = decode_json(body)
    if content == STRUCTURED:
        return [from_cloudevent(value)]
    if isinstance(value, list):
        return _several(value)
    if content == BATCH:
        raise InvalidEvent("body", "must be a list of CloudEvents objects")
    return [from_json(value, _attributes(headers))]


def from_json(value: object, attributes: Mapping[str, str] | None = None) -> Event:
    """Return the event of one JSON object, plain or CloudEvents.

    A plain object without ``id``, ``source`` or ``timestamp`` is given a new id, the
    source ``/events`` and the time now.

    Raises:
        InvalidEvent: It is no event.
    """
    if not isinstance(value, dict):
        raise InvalidEvent("body", "must be an object with type and data")
    said = {} if attributes is None else dict(attributes)
    if "specversion" in value and "specversion" not in said:
        return from_cloudevent(value)
    body: dict[str, Any] = dict(value)
    for name, default in (("id", str(uuid.uuid4())), ("source", DEFAULT_SOURCE)):
        if name in said:  # then the body's member of that name is one of its own
            continue
        own = body.pop(name, default)
        if not isinstance(own, str):
            raise InvalidEvent(name, "must be text")
        said[name] = own
    body.setdefault("timestamp", said.get("time", format_time(datetime.now(UTC))))
    return event_of(said, body)


def _attributes(headers: Mapping[str, str]) -> dict[str, str]:
    attributes = {
        name.removeprefix(PREFIX): _unquote(name, value)
        for name, value in headers.items()
        if name.startswith(PREFIX)
    }
    attributes.update({name: headers[name] for name in TRACE if name in headers})
    return attributes


def _unquote(name: str, value: str) -> str:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as err:
        raise InvalidEvent(name, "is not percent-encoded UTF-8") from err


def _several(values: list[object]) -> list[Event]:
    if len(values) > MAX_EVENTS:
        raise InvalidEvent("body", f"holds {len(values)} events; at most {MAX_EVENTS}")
    events = []
    for place, value in enumerate(values):
        try:
            events.append(from_json(value))
        except InvalidEvent as err:
            raise InvalidEvent(f"[{place}].{err.field}", err.reason) from err
    return events
