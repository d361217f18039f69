# SPDX-License-Identifier: Apache-2.0
"""TaskFlow: tasks that start only if no listener refuses.

TaskFlow swallows what its listeners raise, so the task itself has to ask. It does so on
the thread that it runs on: tasks that run side by side wait side by side.

::

    engine's thread                 task's thread
    task is RUNNING
      ▼ its event is held back  ──▶ pre_execute: call(event)
                                      │ accepted ─▶ execute
                                      ▼ refused  ─▶ CallRefused: it fails, the flow reverts
"""

import logging
from collections.abc import Container
from datetime import timedelta
from typing import Any, Self, TypeVar, Unpack

from notifier.engines.taskflow import TaskFlowListener
from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.facts import Facts, Who
from notifier.notifier import Notifier
from notifier.verdict import OnTimeout, Verdict

T = TypeVar("T")

NOTHING_TO_ASK = "its start could not be told"

_log = logging.getLogger(__name__)


def gated(task: T) -> T:
    """Let a task, or a class of tasks, start only if no listener refuses.

    Its engine has to run within `TaskFlowGate`; else the task fails.

    Example:
        >>> from taskflow import task
        >>> @gated
        ... class Charge(task.Task):
        ...     def execute(self):
        ...         return "paid"
    """
    atom: Any = task  # TaskFlow publishes no types
    prepare = atom.pre_execute

    def pre_execute(*instance: Any) -> None:  # noqa: ANN401 - none where `task` is one
        (one,) = instance or (atom,)
        if one.workflow_gate is None:
            raise RuntimeError(
                f"{one.name} is gated: run its engine within TaskFlowGate, in this "
                "process"
            )
        one.workflow_gate.ask(one.name)
        prepare(*instance)

    atom.workflow_gate = None
    atom.pre_execute = pre_execute
    return task


class TaskFlowGate(TaskFlowListener):
    """A `TaskFlowListener` whose gated tasks wait for those who may refuse.

    A refusal is the task's error, `CallRefused`, before it has done anything.

    Args:
        engine: A serial or a parallel one; a worker of another process cannot ask.
        notifier: Where to tell, over a broker or to a bridge.
        timeout: The longest that a task waits. Default: the notifier's.
        on_timeout: What it counts as if no bridge answers: ``"accept"`` or
            ``"refuse"``.
        workbook: As of `TaskFlowListener`, and so the others.
        workflow: Default: the flow's name.
        project: Default: the notifier's.
    """

    def __init__(
        self,
        engine: Any,  # noqa: ANN401 - TaskFlow publishes no types
        notifier: Notifier,
        *,
        timeout: timedelta | None = None,
        on_timeout: OnTimeout = "accept",
        workbook: str | None = None,
        workflow: str | None = None,
        project: str | None = None,
    ) -> None:
        engine.compile()
        nodes = engine.compilation.execution_graph.nodes
        self._gated = [node for node in nodes if hasattr(node, "workflow_gate")]
        self._call = notifier.call
        self._held = _Held(notifier, {task.name for task in self._gated})
        self._timeout = timeout
        self._on_timeout: OnTimeout = on_timeout
        super().__init__(
            engine, self._held, workbook=workbook, workflow=workflow, project=project
        )

    def ask(self, task_name: str) -> None:
        """Tell that a task starts, and wait for the verdict; on the task's thread.

        Raises:
            CallRefused: It must not start.
        """
        self._verdict(task_name).raise_if_refused()

    def _verdict(self, task_name: str) -> Verdict:
        event = self._held.starts.pop(task_name, None)
        if event is None:
            return Verdict.unanswered(self._on_timeout, NOTHING_TO_ASK)
        timeout, on_timeout = self._timeout, self._on_timeout
        return self._call(event, timeout=timeout, on_timeout=on_timeout)

    def __enter__(self) -> Self:
        for task in self._gated:
            task.workflow_gate = self
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        for task in self._gated:
            task.workflow_gate = None


class _Held(Notifier):
    """Tells as another notifier does, but holds the start of gated tasks back.

    Attributes:
        starts: Task's name to the event that its thread will tell.
    """

    def __init__(self, notifier: Notifier, gated: Container[str]) -> None:
        self.starts: dict[str, Event] = {}
        self._notifier = notifier
        self._gated = gated

    def execution(self, what: str, execution: Who, **facts: Unpack[Facts]) -> bool:
        return self._notifier.execution(what, execution, **facts)

    def task(
        self, what: str, task: Who, *, execution: Who, **facts: Unpack[Facts]
    ) -> bool:
        name = str(task if isinstance(task, str) else task.get("name"))
        if what != "started" or name not in self._gated:
            return self._notifier.task(what, task, execution=execution, **facts)
        try:
            self.starts[name] = self._notifier.event(
                "task.started", execution=execution, task=task, **facts
            )
        except InvalidEvent as err:
            _log.error("a start cannot be told", extra={"fault": str(err)})
            return False
        return True
