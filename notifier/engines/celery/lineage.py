# SPDX-License-Identifier: Apache-2.0
"""Which execution a Celery task belongs to, and whether it ends with that task.

Celery has no executions: a message knows its root's id, and what follows it, but not
what runs beside it. So a worker that sends out a message writes on it what it knows::

    workflow_notifier: {"execution": "…", "workflow": "shop.reserve", "alone": true}

Rules only: no I/O.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, Self

HEADER: Final = "workflow_notifier"
UNLOCK: Final = "celery.chord_unlock"
"""Celery's own task, which waits for a group and then sends out a chord's body."""


class Message(Protocol):
    """What Celery says of a task: a request's context, or a message's headers."""

    def get(self, name: str, default: Any = None, /) -> Any:  # noqa: ANN401 - no types
        """Return what is known by that name."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a task stands.

    Attributes:
        execution: Id of its execution.
        workflow: The name of the execution's first task, if that is known.
        is_alone: Whether it is known that no other task of the execution runs while
            this one does: true of a task on its own, and of each in a chain.
    """

    execution: str
    workflow: str | None = None
    is_alone: bool = False

    @classmethod
    def of(cls, name: str, message: Message) -> Self:
        """Return the lineage of a task.

        A group that was sent out by no task has no root: its own id stands for it.
        """
        written = cls._read(message.get(HEADER))
        if written is not None:
            return written
        task_id, root_id = message.get("id"), message.get("root_id")
        if root_id and root_id != task_id:
            return cls(root_id)
        if name == UNLOCK:
            return cls(next(iter(message.get("args") or ()), task_id))
        if message.get("group"):
            return cls(message.get("group"))
        return cls(task_id, name, is_alone=not message.get("chord"))

    @classmethod
    def _read(cls, header: object) -> Self | None:
        if not isinstance(header, str):
            return None
        try:
            said = json.loads(header)
            return cls(said["execution"], said.get("workflow"), said["alone"] is True)
        except (ValueError, TypeError, LookupError, AttributeError):
            return None

    @property
    def header(self) -> str:
        """What is written on a message."""
        said: Mapping[str, object] = {
            "execution": self.execution,
            "workflow": self.workflow,
            "alone": self.is_alone,
        }
        return json.dumps(said)


class Run:
    """One attempt of a task in a worker, from its start to its end.

    Attributes:
        name: The task's.
        request: What Celery says of it.
        lineage: Where it stands.
        has_gone_on: Whether a message with its own id was sent out: it is tried again,
            or another task stands in for it.
        has_retried: Whether it has been told that it is tried again.
        has_failed: Whether its failure has been told.
    """

    def __init__(self, name: str, request: Any) -> None:  # noqa: ANN401 - no types
        self.name = name
        self.request = request
        self.lineage = Lineage.of(name, request)
        self.has_gone_on = False
        self.has_retried = False
        self.has_failed = False
        self._has_sent = False
        chain = request.get("chain") or ()
        self._next_id = _options(chain[-1]).get("task_id") if chain else None
        self._errbacks = {one.get("task") for one in request.get("errbacks") or ()}

    def sends(self, name: str, task_id: object) -> Lineage:
        """Return the lineage of a task that is sent out meanwhile."""
        if task_id == self.request.id:
            self.has_gone_on = True
            return self.lineage
        if task_id == self._next_id:
            is_alone = self.lineage.is_alone and not self._has_sent
            return replace(self.lineage, is_alone=is_alone)
        if name not in self._errbacks:  # these come after the end, whatever it is
            self._has_sent = True
        return replace(self.lineage, is_alone=False)

    @property
    def starts_execution(self) -> bool:
        """Whether the execution starts with this attempt."""
        return self.lineage.execution == self.request.id and not attempt(self.request)

    @property
    def ends_execution_if_it_fails(self) -> bool:
        """Whether nothing of the execution is left once it failed for good."""
        has_others = self._has_sent or self.request.get("chord")
        return self.lineage.is_alone and not has_others

    @property
    def ends_execution_if_it_succeeds(self) -> bool:
        """Whether nothing of the execution is left once it succeeded."""
        follows = self.request.get("chain") or self.request.get("callbacks")
        return self.ends_execution_if_it_fails and not follows


def attempt(message: Message) -> int:
    """Return how often a task was sent out before, to be tried again or replaced."""
    nesting = message.get("replaced_task_nesting") or 0
    return int(message.get("retries") or 0) + int(nesting)


def _options(signature: Mapping[str, Any]) -> Mapping[str, Any]:
    options = signature.get("options")
    return options if isinstance(options, Mapping) else {}
