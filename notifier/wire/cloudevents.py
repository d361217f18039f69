# SPDX-License-Identifier: Apache-2.0
"""Event ↔ CloudEvents 1.0 in structured JSON mode (CloudEvents JSON format §3).

``data`` is the same object that binary mode has as its body.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.wire.attributes import attributes_of, event_of
from notifier.wire.body import format_time

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
CONTENT_TYPE: Final = "application/json"
"""Of ``data``."""


def to_cloudevent(event: Event) -> dict[str, Any]:
    """Return the event as one CloudEvents object."""
    return {
        **attributes_of(event),
        "datacontenttype": CONTENT_TYPE,
        "data": {
            "type": event.type,
            "timestamp": format_time(event.time),
            "data": event.data,
            **event.extra,
        },
    }


def structured(event: Event, body: bytes, more: Mapping[str, str]) -> bytes:
    """Return the event as the text of one CloudEvents object.

    Args:
        event: Its attributes stand beside ``data``.
        body: Of the event, as it was received; becomes ``data`` as it is.
        more: Attributes that are added, or take the place of the event's own.
    """
    attributes = {**attributes_of(event), **more, "datacontenttype": CONTENT_TYPE}
    head = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))
    return b'%b,"data":%b}' % (head[:-1].encode(), body)


def from_cloudevent(value: object) -> Event:
    """Return the event of one CloudEvents object.

    ``data`` may be our whole body, or only what stands in its ``data``.

    Raises:
        InvalidEvent: It is no CloudEvent, or none of ours.
    """
    if not isinstance(value, dict):
        raise InvalidEvent("body", "must be a CloudEvents object")
    members = dict(value)
    data = members.pop("data", None)
    if data is None:
        raise InvalidEvent("data", "is missing")
    # null is the same as absent (CloudEvents JSON format §2.2)
    said = {name: one for name, one in members.items() if one is not None}
    attributes = {name: _text(name, one) for name, one in said.items()}
    return event_of(attributes, _body(attributes, data))


def _body(attributes: Mapping[str, str], data: object) -> object:
    if isinstance(data, dict) and {"type", "timestamp", "data"} <= data.keys():
        return data
    return {
        "type": attributes.get("type"),
        "timestamp": attributes.get("time"),
        "data": data,
    }


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # CloudEvents 1.0 §3.1: Boolean as text
    if isinstance(value, (str, int)):
        return str(value)
    raise InvalidEvent(name, "must be text, a number or a boolean")
