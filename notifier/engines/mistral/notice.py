# SPDX-License-Identifier: Apache-2.0
"""What Mistral hands to a publisher, and what its members mean.

Read in Mistral 23.0.0, ``mistral/engine/tasks.py`` and ``workflows.py``. Of a task::

    {"id", "name", "workflow_execution_id", "workflow_name", "workflow_namespace",
     "workflow_id", "state", "state_info", "type", "project_id", "created_at",
     "updated_at", "started_at", "finished_at", "event"}

Of an execution::

    {"id", "name", "workflow_name", "workflow_namespace", "workflow_id", "state",
     "state_info", "project_id", "task_execution_id", "root_execution_id", "created_at",
     "updated_at", "event"}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from notifier.engines.excerpt import error_text
from notifier.event import UNKNOWN, Unknown
from notifier.event_types import ALIASES

_WITHOUT_AUTH: Final = "<default-project>"
"""The project that Mistral names where nobody signs in."""

_FAULTLESS: Final = frozenset({"RUNNING", "SUCCESS", "SKIPPED"})


@dataclass(frozen=True, slots=True)
class Notice:
    """One change of a state, as Mistral tells it.

    Attributes:
        data: Shared with other publishers: read only.
        event: Mistral's name for the change; None where it has none.
        timestamp: Naive, in UTC; as text where Mistral's notifier is remote.
    """

    data: Mapping[str, Any]
    event: str | None
    timestamp: datetime | str | None

    @property
    def is_of_task(self) -> bool:
        """Whether a task changed, and not an execution."""
        return "workflow_execution_id" in self.data

    @property
    def execution_id(self) -> str:
        """Id of the execution, the task's where a task changed."""
        return str(self.data["workflow_execution_id" if self.is_of_task else "id"])

    @property
    def type(self) -> str:
        """The event's type: Mistral's name, one to one, or else the new state."""
        if self.event:
            known = ALIASES.get(self.event.lower().replace("_", "-"))
            if known is not None:
                return known[0]
        word = self.event.partition("_")[2] if self.event else self.state
        return f"{'task' if self.is_of_task else 'execution'}.{word.lower()}"

    @property
    def state(self) -> str:
        """The new state, in Mistral's word."""
        return str(self.data["state"])

    @property
    def error(self) -> str | Unknown | None:
        """What went wrong with the task or execution itself, as far as it is told.

        ``state_info`` is an error's text in the state ERROR only; in others it is a
        remark, such as that a retry is due.
        """
        if self.state in _FAULTLESS:
            return None
        info = self.data.get("state_info")
        return error_text(str(info)) if self.state == "ERROR" and info else UNKNOWN

    @property
    def time(self) -> datetime | None:
        """When it happened, as exactly as Mistral says."""
        time = self.timestamp
        if isinstance(time, str):
            time = datetime.fromisoformat(time)
        if time is not None and time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return time

    @property
    def project(self) -> str | None:
        """The tenant, where there are any."""
        project = self.data.get("project_id")
        return None if project in (None, "", _WITHOUT_AUTH) else str(project)

    @property
    def workbook_and_workflow(self) -> tuple[str | Unknown, str | Unknown]:
        """What ``workbook.workflow`` is made of; a workflow may stand alone."""
        name = str(self.data.get("workflow_name") or "")
        workbook, _, workflow = name.rpartition(".")
        if workbook and workflow:
            return workbook, workflow
        return UNKNOWN, name or UNKNOWN
