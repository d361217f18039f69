# SPDX-License-Identifier: Apache-2.0
"""The CloudEvents 1.0 attributes that ride beside the body, and how they must agree."""

from collections.abc import Mapping
from typing import Any, Final

from notifier.errors import InvalidEvent
from notifier.event import TRACE, Event, EventId
from notifier.wire.body import event_members, format_time, parse_time

SPECVERSION: Final = "1.0"

KNOWN: Final = (
    *("specversion", "id", "source", "type", "subject", "time", "partitionkey"),
    *("project", "workbook", *TRACE),
)
"""Attributes that events are sent with, in their order; there may be others."""

# What the event says itself: never kept twice.
_DERIVED: Final = frozenset(
    {
        *("id", "source", "type", "time", "subject", "specversion"),
        *("datacontenttype", "dataschema", "partitionkey", "project", "workbook"),
    }
)


def attributes_of(event: Event) -> dict[str, str]:
    """Return every CloudEvents attribute of the event but its content type."""
    attributes = {
        "specversion": SPECVERSION,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": format_time(event.time),
        "partitionkey": event.execution_id or event.subject,
        "project": event.project,
    }
    if event.workbook is not None:
        attributes["workbook"] = event.workbook
    attributes.update(event.attributes)
    return attributes


def event_of(attributes: Mapping[str, str], body: Any) -> Event:  # noqa: ANN401 - JSON's edge
    """Return the event that attributes and decoded body describe together.

    Raises:
        InvalidEvent: Something is missing, wrong, or said twice and differently.
    """
    kind, time, data, extra = event_members(body)
    event = Event(
        id=EventId(_required(attributes, "id")),
        source=_required(attributes, "source"),
        type=kind,
        time=time,
        data=data,
        attributes=_further(attributes),
        extra=extra,
    )
    _check_agreement(attributes, event, body["timestamp"])
    return event


def _further(attributes: Mapping[str, str]) -> Mapping[str, str]:
    if attributes.keys() <= _DERIVED:
        return {}  # as of nearly all
    return {k: v for k, v in attributes.items() if k not in _DERIVED}


def _required(attributes: Mapping[str, str], name: str) -> str:
    value = attributes.get(name)
    if not value:
        raise InvalidEvent(name, "is missing")
    return value


def _check_agreement(attributes: Mapping[str, str], event: Event, told: object) -> None:
    """Refuse what is said twice and differently; `told` is the body's time, a good one."""
    version = attributes.get("specversion", SPECVERSION)
    if version != SPECVERSION:
        raise InvalidEvent("specversion", f"is {version!r}; only 1.0 is known")
    for name, value in (("type", event.type), ("project", event.project)):
        said = attributes.get(name)
        if said is not None and said != value:
            raise InvalidEvent(
                name, f"is {said!r} beside the body, but {value!r} in the body"
            )
    said = attributes.get("time")
    if said is not None and said != told:
        parse_time("time", said)
