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

EventId = NewType("EventId", str)

DEFAULT_PROJECT: Final = "default"
MAX_SHORT_BYTES: Final = 255  # an AMQP short string (AMQP 0-9-1 §4.2.5.3)
MAX_NAME_CHARS: Final = 255  # as engines' own databases have it
MAX_ATTRIBUTE_BYTES: Final = 1024  # a tracestate may be 512 characters and more


class Unknown(Enum):
    """What an engine does not know; leaves the member out of ``data``."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

TRACE: Final = ("traceparent", "tracestate")
"""Attributes of W3C Trace Context, which travel under their own names."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
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
        type: ``execution.<word>`` or ``task.<word>``.
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
        _check_text("id", self.id, max_bytes=MAX_SHORT_BYTES)
        _check_text("source", self.source, max_bytes=MAX_SHORT_BYTES)
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
        """``execution`` or ``task``."""
        return "task" if self.type.startswith("task.") else "execution"

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
        """Id of the execution."""
        return str(self.data["execution"]["id"])

    @property
    def execution_ids(self) -> tuple[str, ...]:
        """Ids of the execution, its parent and its root, each once."""
        execution = self.data["execution"]
        ids = (execution.get(name) for name in ("id", "parent_id", "root_id"))
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
        """CloudEvents ``subject``: ``executions/<id>[/tasks/<id or name>]``."""
        subject = f"executions/{self.execution_id}"
        if self.kind == "execution":
            return subject
        return f"{subject}/tasks/{self.task_id or self.task_name}"

    def _text(self, name: str) -> str | None:
        return _text_of(self.data, name)


def _check_data(kind: Kind, data: Mapping[str, Any]) -> None:
    if not isinstance(data, Mapping):
        raise InvalidEvent("data", "must be an object")
    for name in ("engine", "project", "workbook", "workflow"):
        _check_optional_text("data", name, data)
    if data.get("engine"):
        _check_text("data.engine", data["engine"], max_bytes=MAX_SHORT_BYTES)
    if data.get("project") == "":
        raise InvalidEvent("data.project", "must not be empty; leave it out instead")
    _check_object("data.execution", data.get("execution"), ("id",))
    for name in ("root_id", "parent_id", "state"):
        _check_optional_text("data.execution", name, data["execution"])
    if kind == "task":
        _check_object("data.task", data.get("task"), ("id", "name"))
    elif data.get("task") is not None:
        _check_object("data.task", data["task"], ())


def _check_object(path: str, value: object, one_of: tuple[str, ...]) -> None:
    if not isinstance(value, Mapping):
        raise InvalidEvent(path, f"must be an object with {' or '.join(one_of)}")
    for name in ("id", "name"):
        _check_optional_text(path, name, value)
    if one_of and not any(value.get(name) for name in one_of):
        raise InvalidEvent(f"{path}.{one_of[0]}", "is missing")


def _check_optional_text(path: str, name: str, value: Mapping[str, Any]) -> None:
    text = value.get(name)
    if text is not None and text != "" and not _is_plain(text):
        _check_odd_text(f"{path}.{name}", text)


def _is_plain(text: object) -> bool:
    """Tell, at little cost, that nearly every text is right, whatever it is for."""
    return (
        isinstance(text, str)
        and text.isascii()
        and text.isprintable()
        and 0 < len(text) <= MAX_SHORT_BYTES
    )


def _check_text(path: str, text: object, *, max_bytes: int | None = None) -> None:
    if not _is_plain(text):
        _check_odd_text(path, text, max_bytes=max_bytes)


def _check_odd_text(path: str, text: object, *, max_bytes: int | None = None) -> None:
    if not isinstance(text, str):
        raise InvalidEvent(path, f"must be text, not {type(text).__name__}")
    if not text:
        raise InvalidEvent(path, "must not be empty")
    if _CONTROL.search(text):
        raise InvalidEvent(path, "must hold no control characters")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as err:
        raise InvalidEvent(path, "must be valid Unicode") from err
    if max_bytes is None:
        if len(text) > MAX_NAME_CHARS:
            raise InvalidEvent(path, f"is over {MAX_NAME_CHARS} characters long")
    elif size > max_bytes:
        raise InvalidEvent(path, f"is {size} bytes long; at most {max_bytes}")


def _check_attributes(attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        if not _ATTRIBUTE.fullmatch(name) or name in _RESERVED:
            raise InvalidEvent(
                name,
                "is no name for an attribute; it has 1 to 20 of a-z and 0-9, and "
                "is none that the event has already",
            )
        _check_text(name, value, max_bytes=MAX_ATTRIBUTE_BYTES)
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
