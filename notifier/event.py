# SPDX-License-Identifier: Apache-2.0
"""One thing that happened to an execution or a task: a valid, frozen value.

What an engine does not know is absent from ``data``, never ``None``; a value that
is known to be none is ``None``.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, NewType

from notifier.errors import InvalidEvent
from notifier.event_types import Kind, check_type
from notifier.texts import (
    MAX_SHORT_BYTES,
    check_object,
    check_optional_text,
    check_text,
)

EventId = NewType("EventId", str)

DEFAULT_PROJECT: Final = "default"
MAX_ATTRIBUTE_BYTES: Final = 1024  # a tracestate may be 512 characters and more


class Unknown(Enum):
    """What an engine does not know; leaves the member out of ``data``."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

TRACE: Final = ("traceparent", "tracestate")
"""Attributes of W3C Trace Context, which travel under their own names."""

_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
_OF_BODY: Final = frozenset({"type", "timestamp", "data"})
_RESERVED: Final = frozenset(
    {
        *("id", "source", "type", "time", "subject", "data", "specversion"),
        *("datacontenttype", "dataschema", "partitionkey", "project", "workbook"),
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Two events are the same when `source` and `id` are (CloudEvents 1.0 §3.1).

    Attributes:
        id: Unique with `source`; stays the same however often it is sent.
        source: URI reference of the engine.
        type: ``execution.<word>`` or ``task.<word>``; of bridges ``listener.<word>``.
        time: When it happened; aware, kept as UTC.
        data: ``engine``, ``project``, ``workbook``, ``workflow``, ``execution``,
            ``task``, ``payload`` and whatever else the engine sent. Read only.
        attributes: Further CloudEvents attributes: ``sequence``, ``traceparent``, …
        extra: Members of the body beside ``type``, ``timestamp`` and ``data``.

    Example:
        >>> event = Event.new("task.failed", execution="e1", task="charge")
        >>> event.kind, event.project, event.subject
        ('task', 'default', 'executions/e1/tasks/charge')
    """

    id: EventId
    source: str
    type: str
    time: datetime
    data: Mapping[str, Any]
    attributes: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_text("id", self.id, max_bytes=MAX_SHORT_BYTES)
        check_text("source", self.source, max_bytes=MAX_SHORT_BYTES)
        check_type(self.type)
        _check_attributes(self.attributes)
        for name in _OF_BODY & self.extra.keys():
            raise InvalidEvent(name, "is no further member of the body")
        if self.time.tzinfo is None:
            raise InvalidEvent("time", "must be a datetime with a time zone")
        if self.time.tzinfo is not UTC:
            object.__setattr__(self, "time", _utc(self.time))
        _check_data(self.kind, self.data)

    def __hash__(self) -> int:
        return hash((self.source, self.id))

    @classmethod
    def new(
        cls,
        event_type: str,
        *,
        execution: str | Mapping[str, Any],
        task: str | Mapping[str, Any] | None = None,
        source: str = "/notifier",
        event_id: str | None = None,
        time: datetime | None = None,
        attributes: Mapping[str, str] | None = None,
        **data: Any,  # noqa: ANN401 - members of ``data`` are whatever JSON holds
    ) -> "Event":
        """Build an event from what an engine has at hand.

        Args:
            event_type: ``execution.<word>`` or ``task.<word>``.
            execution: Its id, or its members (``id``, ``root_id``, ``state``, …).
            task: Its name, or its members (``id``, ``name``, ``state``, …).
            source: URI reference of the engine.
            event_id: Default: a new UUID. Give one to let copies be recognised.
            time: Default: now.
            attributes: Further CloudEvents attributes.
            **data: ``engine``, ``project``, ``workbook``, ``workflow``, ``payload``,
                …; what is `UNKNOWN` is left out.

        Raises:
            InvalidEvent: Names the field and what would be right.
        """
        members = dict(data)
        members["execution"] = _members("id", execution)
        if task is not None:
            members["task"] = _members("name", task)
        return cls(
            id=EventId(str(uuid.uuid4()) if event_id is None else event_id),
            source=source,
            type=event_type,
            time=datetime.now(UTC) if time is None else time,
            data=_known(members),
            attributes={} if attributes is None else dict(attributes),
        )

    @property
    def kind(self) -> Kind:
        """``execution``, ``task``, or ``listener``."""
        if self.type.startswith("task."):
            return "task"
        return "listener" if self.type.startswith("listener.") else "execution"

    @property
    def project(self) -> str:
        """The tenant; ``default`` where the engine names none."""
        return self._text("project") or DEFAULT_PROJECT

    @property
    def workbook(self) -> str | None:
        """Name of the workbook."""
        return self._text("workbook")

    @property
    def workflow(self) -> str | None:
        """Name of the workflow."""
        return self._text("workflow")

    @property
    def engine(self) -> str | None:
        """Name of the engine."""
        return self._text("engine")

    @property
    def execution_id(self) -> str:
        """Id of the execution; empty where a bridge tells of a listener."""
        return str(self._execution.get("id", ""))

    @property
    def execution_ids(self) -> tuple[str, ...]:
        """Ids of the execution, its parent and its root, each once."""
        ids = (self._execution.get(name) for name in ("id", "parent_id", "root_id"))
        return tuple(dict.fromkeys(str(one) for one in ids if one))

    @property
    def task_id(self) -> str | None:
        """Id of the task."""
        return _text_of(self.data.get("task"), "id")

    @property
    def task_name(self) -> str | None:
        """Name of the task."""
        return _text_of(self.data.get("task"), "name")

    @property
    def subject(self) -> str:
        """CloudEvents ``subject``: ``executions/<id>[/tasks/<id or name>]``.

        Of a listener ``listeners/<id>``.
        """
        if self.kind == "listener":
            return f"listeners/{self.data['listener']['id']}"
        subject = f"executions/{self.execution_id}"
        if self.kind == "execution":
            return subject
        return f"{subject}/tasks/{self.task_id or self.task_name}"

    @property
    def _execution(self) -> Mapping[str, Any]:
        execution: Mapping[str, Any] = self.data.get("execution") or {}
        return execution

    def _text(self, name: str) -> str | None:
        return _text_of(self.data, name)


def _check_data(kind: Kind, data: Mapping[str, Any]) -> None:
    if not isinstance(data, Mapping):
        raise InvalidEvent("data", "must be an object")
    for name in ("engine", "project", "workbook", "workflow"):
        check_optional_text("data", name, data)
    if data.get("engine"):
        check_text("data.engine", data["engine"], max_bytes=MAX_SHORT_BYTES)
    if data.get("project") == "":
        raise InvalidEvent("data.project", "must not be empty; leave it out instead")
    if kind == "listener":
        check_object("data.listener", data.get("listener"), ("id",))
    if kind != "listener" or data.get("execution") is not None:
        _check_execution(kind, data)


def _check_execution(kind: Kind, data: Mapping[str, Any]) -> None:
    check_object("data.execution", data.get("execution"), ("id",))
    for name in ("root_id", "parent_id", "state"):
        check_optional_text("data.execution", name, data["execution"])
    if kind == "task":
        check_object("data.task", data.get("task"), ("id", "name"))
    elif data.get("task") is not None:
        check_object("data.task", data["task"], ())


def _check_attributes(attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        if not _ATTRIBUTE.fullmatch(name) or name in _RESERVED:
            raise InvalidEvent(
                name,
                "is no name for an attribute; it has 1 to 20 of a-z and 0-9, and "
                "is none that the event has already",
            )
        check_text(name, value, max_bytes=MAX_ATTRIBUTE_BYTES)
        if name in TRACE and not value.isascii():
            raise InvalidEvent(name, "must be ASCII, as W3C Trace Context has it")


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as err:
        raise InvalidEvent("time", "must lie in the years 1 to 9999") from err


def _members(name: str, value: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {name: value}


def _known(value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    if not isinstance(value, Mapping):
        return value
    return {k: _known(v) for k, v in value.items() if v is not UNKNOWN}


def _text_of(value: Mapping[str, Any] | None, name: str) -> str | None:
    text = None if value is None else value.get(name)
    return text if isinstance(text, str) and text else None
