# SPDX-License-Identifier: Apache-2.0
"""From what an engine has at hand to an event; pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypedDict, Unpack

from notifier.event import Event, Unknown

Who = str | Mapping[str, Any]
"""An execution's id or a task's name, or the members of ``data.execution`` or
``data.task`` (``id``, ``name``, ``root_id``, ``state``, …)."""

# Members of what the event is about: the task of a task's event, else the execution.
_OWN: Final[tuple[str, ...]] = ("state", "error", "result")


class Facts(TypedDict, total=False):
    """What else an engine may know; what it does not know, it leaves out.

    ``state``, ``error`` and ``result`` are those of what the event is about. An error
    that is `None` is known to be none.
    """

    source: str
    engine: str | Unknown
    workbook: str | Unknown | None
    workflow: str | Unknown | None
    project: str | Unknown
    state: str | Unknown
    error: str | Unknown | None
    result: object
    payload: object
    time: datetime
    event_id: str
    attributes: Mapping[str, str]


def build(
    event_type: str, *, execution: Who, task: Who | None = None, **facts: Unpack[Facts]
) -> Event:
    """Return an event from what an engine has at hand.

    A task's error is told as the latest error of its execution too, where the engine
    says nothing of that.

    Raises:
        InvalidEvent: Names the field and what would be right.
    """
    data: dict[str, Any] = dict(facts)
    own = {name: data.pop(name) for name in _OWN if name in data}
    execution = _members("id", execution)
    if task is None:
        execution = {**execution, **own}
    else:
        task = {**_members("name", task), **own}
        if isinstance(task.get("error"), str):
            execution = {"error": task["error"], **execution}
    return Event.new(event_type, execution=execution, task=task, **data)


def _members(name: str, value: Who) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {name: value}
