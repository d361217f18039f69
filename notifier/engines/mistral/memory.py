# SPDX-License-Identifier: Apache-2.0
"""What one process can know of an execution, from all that it was told before.

Mistral's tasks do not say which root they belong to, and a sub-workflow names the task
that called it, not the execution. Not safe to share between threads.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from notifier.engines.mistral.notice import Notice
from notifier.event import UNKNOWN, Unknown

SIZE: Final = 10_000

Value = TypeVar("Value")

_STARTS: Final = ("execution.started", "execution.rerun")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an execution.

    Attributes:
        root_id: Of the execution that began it all; its own where it did.
        parent_id: Of the execution that called it; `None`: none did.
        error: The latest one within it; `None`: there was none.
    """

    root_id: str | Unknown = UNKNOWN
    parent_id: str | Unknown | None = UNKNOWN
    error: str | Unknown | None = UNKNOWN


class Memory:
    """The latest executions; the longest unheard of are forgotten.

    Args:
        alone: Whether no other process tells of these executions. Else another one may
            know of an error, and that there was none is never said but at the start.
        size: How many executions, and as many callers of sub-workflows.
    """

    def __init__(self, *, alone: bool, size: int = SIZE) -> None:
        self._alone = alone
        self._size = size
        self._executions: OrderedDict[str, Known] = OrderedDict()
        self._callers: OrderedDict[str, str] = OrderedDict()

    def learn(self, notice: Notice) -> Known:
        """Take a notice in, and return what is known with it."""
        known = self._executions.get(notice.execution_id, Known())
        if notice.is_of_task:
            if notice.data.get("type") == "WORKFLOW":
                self._keep(self._callers, str(notice.data["id"]), notice.execution_id)
        else:
            known = self._with_family(known, notice)
        if notice.type in _STARTS:
            known = replace(known, error=None)
        elif notice.state == "ERROR":
            known = replace(known, error=notice.error)
        kept = known
        if known.error is None and not self._alone:
            kept = replace(known, error=UNKNOWN)
        self._keep(self._executions, notice.execution_id, kept)
        return known

    def _with_family(self, known: Known, notice: Notice) -> Known:
        caller = notice.data.get("task_execution_id")
        if caller is None:
            return replace(known, root_id=notice.execution_id, parent_id=None)
        root = notice.data.get("root_execution_id")
        parent = self._callers.get(str(caller), known.parent_id)
        return replace(
            known, root_id=UNKNOWN if root is None else str(root), parent_id=parent
        )

    def _keep(self, kept: OrderedDict[str, Value], name: str, value: Value) -> None:
        kept[name] = value
        kept.move_to_end(name)
        if len(kept) > self._size:
            kept.popitem(last=False)
