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
from datetime import timedelta
from typing import Any, Self, TypeVar, Unpack

from notifier.engines.taskflow.listener import TaskFlowListener
from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.facts import Facts
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
        self._names = {task.name for task in self._gated}
        # Task's name to the event that its thread will tell.
        self._starts: dict[str, Event] = {}
        self._timeout = timeout
        self._on_timeout: OnTimeout = on_timeout
        super().__init__(
            engine, notifier, workbook=workbook, workflow=workflow, project=project
        )

    def ask(self, task_name: str) -> None:
        """Tell that a task starts, and wait for the verdict; on the task's thread.

        Raises:
            CallRefused: It must not start.
        """
        self._verdict(task_name).raise_if_refused()

    def _verdict(self, task_name: str) -> Verdict:
        event = self._starts.pop(task_name, None)
        if event is None:
            return Verdict.unanswered(self._on_timeout, NOTHING_TO_ASK)
        timeout, on_timeout = self._timeout, self._on_timeout
        return self._notifier.call(event, timeout=timeout, on_timeout=on_timeout)

    def tell_task(
        self,
        word: str,
        task: dict[str, Any],
        *,
        execution: dict[str, Any],
        **facts: Unpack[Facts],
    ) -> None:
        """Tell of a task, but hold back the start of a gated one."""
        if word != "started" or task["name"] not in self._names:
            super().tell_task(word, task, execution=execution, **facts)
            return
        try:
            self._starts[task["name"]] = self._notifier.event(
                "task.started", execution=execution, task=task, **facts
            )
        except InvalidEvent as err:
            _log.error("a start cannot be told", extra={"fault": str(err)})

    def __enter__(self) -> Self:
        for task in self._gated:
            task.workflow_gate = self
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        for task in self._gated:
            task.workflow_gate = None
