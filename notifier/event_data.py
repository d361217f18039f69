# SPDX-License-Identifier: Apache-2.0
"""What an event must say of itself in its data, and the names that are asked for there."""

from collections.abc import Mapping
from typing import Any, Final

from notifier.errors import InvalidEvent
from notifier.event_types import Kind
from notifier.texts import (
    MAX_SHORT_BYTES,
    are_plain,
    check_object,
    check_optional_text,
    check_text,
)

_NAMES: Final = ("project", "workbook", "workflow", "engine")
_OF_EXECUTION: Final = ("id", "name", "root_id", "parent_id", "state")

Names = tuple[
    str | None, str | None, str | None, str | None, str, str | None, str | None
]
"""Project, workbook, workflow, engine, id of the execution; id and name of the task."""


def names_in(
    event_id: object, source: object, kind: Kind, data: Mapping[str, Any]
) -> Names:
    """Return the names in an event's data, once it is seen to be right.

    Raises:
        InvalidEvent: Names the field and what would be right.
    """
    names = _usual_names(event_id, source, kind, data)
    if names is None:
        check_text("id", event_id, max_bytes=MAX_SHORT_BYTES)
        check_text("source", source, max_bytes=MAX_SHORT_BYTES)
        _check_data(kind, data)
        names = _names_of(data)
    return names


def _usual_names(
    event_id: object, source: object, kind: Kind, data: Mapping[str, Any]
) -> Names | None:
    """Return, at little cost, the names in an event that is right; None: have a look."""
    if type(data) is not dict or data.get("project") == "" or kind == "listener":
        return None
    execution, task = data.get("execution"), data.get("task")
    if type(execution) is not dict or (task is None) is not (kind == "execution"):
        return None
    named = [data.get(name) for name in _NAMES]
    texts = [event_id, source, *named, *map(execution.get, _OF_EXECUTION)]
    task_id = task_name = None
    if task is not None:
        if type(task) is not dict:
            return None
        task_id, task_name = task.get("id"), task.get("name")
        texts += (task_id, task_name)
    is_named = task is None or task_id or task_name
    is_known = event_id and source and execution.get("id") and is_named
    if not (is_known and are_plain(texts)):
        return None
    project, workbook, workflow, engine = named
    return (
        project or None,
        workbook or None,
        workflow or None,
        engine or None,
        execution["id"],
        task_id or None,
        task_name or None,
    )


def _names_of(data: Mapping[str, Any]) -> Names:
    task = data.get("task")
    return (
        _text_of(data, "project"),
        _text_of(data, "workbook"),
        _text_of(data, "workflow"),
        _text_of(data, "engine"),
        str((data.get("execution") or {}).get("id", "")),
        _text_of(task, "id"),
        _text_of(task, "name"),
    )


def _check_data(kind: Kind, data: Mapping[str, Any]) -> None:
    if not isinstance(data, Mapping):
        raise InvalidEvent("data", "must be an object")
    for name in _NAMES:
        check_optional_text("data", name, data)
    if data.get("engine"):
        check_text("data.engine", data["engine"], max_bytes=MAX_SHORT_BYTES)
    if data.get("project") == "":
        raise InvalidEvent("data.project", "must not be empty; leave it out instead")
    if kind == "listener":
        check_object("data.listener", data.get("listener"), ("id",))
    if kind != "listener" or data.get("execution") is not None:
        _check_execution(data)
    if kind == "task" or data.get("task") is not None:
        needed = ("id", "name") if kind == "task" else ()
        check_object("data.task", data.get("task"), needed)


def _check_execution(data: Mapping[str, Any]) -> None:
    check_object("data.execution", data.get("execution"), ("id",))
    for name in ("root_id", "parent_id", "state"):
        check_optional_text("data.execution", name, data["execution"])


def _text_of(value: Mapping[str, Any] | None, name: str) -> str | None:
    text = None if value is None else value.get(name)
    return text if isinstance(text, str) and text else None
