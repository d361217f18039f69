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
from notifier.event_data import names_in
from notifier.event_types import Kind, check_type
from notifier.texts import check_text

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
_LOOKED_UP: Final = (
    *("kind", "project", "workbook", "workflow", "engine"),
    *("execution_id", "task_id", "task_name"),
)
OF_BODY: Final = frozenset({"type", "timestamp", "data"})
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
        kind: ``execution``, ``task``, or ``listener``.
        project: The tenant; ``default`` where the engine names none.
        workbook: Name of the workbook.
        workflow: Name of the workflow.
        engine: Name of the engine.
        execution_id: Id of the execution; empty where a bridge tells of a listener.
        task_id: Id of the task.
        task_name: Name of the task.

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
    # What is asked for again and again is looked up once.
    kind: Kind = field(init=False, repr=False, compare=False)
    project: str = field(init=False, repr=False, compare=False)
    workbook: str | None = field(init=False, repr=False, compare=False)
    workflow: str | None = field(init=False, repr=False, compare=False)
    engine: str | None = field(init=False, repr=False, compare=False)
    execution_id: str = field(init=False, repr=False, compare=False)
    task_id: str | None = field(init=False, repr=False, compare=False)
    task_name: str | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kind = _kind_of(check_type(self.type))
        if self.attributes:
            _check_attributes(self.attributes)
        if self.extra:
            for name in OF_BODY & self.extra.keys():
                raise InvalidEvent(name, "is no further member of the body")
        if self.time.tzinfo is not UTC:
            object.__setattr__(self, "time", _utc(self.time))
        project, *names = names_in(self.id, self.source, kind, self.data)
        looked_up = (kind, project or DEFAULT_PROJECT, *names)
        for name, value in zip(_LOOKED_UP, looked_up, strict=True):
            object.__setattr__(self, name, value)

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
    def execution_ids(self) -> tuple[str, ...]:
        """Ids of the execution, its parent and its root, each once."""
        get = (self.data.get("execution") or {}).get
        ids = [str(one) for one in (get("id"), get("parent_id"), get("root_id")) if one]
        return tuple(dict.fromkeys(ids))

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


def _kind_of(event_type: str) -> Kind:
    if event_type.startswith("task."):
        return "task"
    return "listener" if event_type.startswith("listener.") else "execution"


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
    if time.tzinfo is None:
        raise InvalidEvent("time", "must be a datetime with a time zone")
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
