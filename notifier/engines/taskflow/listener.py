# SPDX-License-Identifier: Apache-2.0
"""TaskFlow: every state of a flow, its tasks and its retries, told as it happens.

TaskFlow knows one flow: what stands in sub-flows is told as tasks of the execution.
TaskFlow waits for its listeners, so a flow waits for the bus, at most the notifier's
timeout for each event.
"""

import threading
from typing import Any, Final, Unpack

from notifier.engines.excerpt import error_text, result_members
from notifier.engines.numbering import Numbering, sequence_of
from notifier.event import UNKNOWN, Unknown
from notifier.facts import Facts
from notifier.notifier import Notifier

try:
    from taskflow import states
    from taskflow.listeners.base import Listener
except ImportError as err:  # pragma: no cover - the tests have it installed
    raise ImportError("install workflow-notifier[taskflow]") from err

_TASK: Final = {
    states.RUNNING: "started",
    states.SUCCESS: "succeeded",
    states.FAILURE: "failed",
    states.REVERTING: "reverting",
    states.REVERTED: "reverted",
    states.REVERT_FAILURE: "revert-failed",
    states.IGNORE: "skipped",
}
# A retry controller is a guard, not work: only its interventions and faults are news.
_RETRY: Final = {
    states.RETRYING: "retrying",
    states.FAILURE: "failed",
    states.REVERT_FAILURE: "revert-failed",
}
_FLOW: Final = {
    states.SUCCESS: "succeeded",
    states.FAILURE: "failed",
    states.REVERTED: "failed",  # how a flow ends whose tasks were undone
}
# No news, but states all the same.
_QUIET_TASK: Final = {states.PENDING: "pending"}
_QUIET_RETRY: Final = {**_TASK, **_QUIET_TASK}
_QUIET_FLOW: Final = {
    states.PENDING: "pending",
    states.SUSPENDING: "suspending",
    states.SUSPENDED: "suspended",
    states.RESUMING: "resuming",
}


class TaskFlowListener(Listener):  # type: ignore[misc] # TaskFlow publishes no types
    """Tells a notifier what an engine does, while the context lasts.

    The execution's id is the flow's UUID; its error is the latest one that a task
    had. A task's result is told if it is JSON of at most 16 KiB; else
    ``data.task.result_omitted`` says why not.

    Args:
        engine: Any TaskFlow engine.
        notifier: Where to tell; leave it at ``on_error="log"``.
        workbook: Name of the workbook, where there is one.
        workflow: Default: the flow's name.
        project: Default: the notifier's.
        every_state: Tell also those that are no news: what waits, what is about to be
            paused, and what a retry controller does while all goes well.

    Example:
        >>> from notifier.publishers.memory import MemoryPublisher
        >>> from datetime import timedelta
        >>> from taskflow import engines, task
        >>> bus = MemoryPublisher()
        >>> queue = bus.queue("task.succeeded.#")
        >>> engine = engines.load(task.FunctorTask(lambda: 7, name="charge"))
        >>> with TaskFlowListener(engine, Notifier(bus, on_error="raise")):
        ...     engine.run()
        >>> queue.get(timedelta(seconds=1)).event.data["task"]["result"]
        7
    """

    def __init__(
        self,
        engine: Any,  # noqa: ANN401 - TaskFlow publishes no types
        notifier: Notifier,
        *,
        workbook: str | None = None,
        workflow: str | None = None,
        project: str | None = None,
        every_state: bool = False,
    ) -> None:
        self._task_words = {**_TASK, **(_QUIET_TASK if every_state else {})}
        self._retry_words = {**(_QUIET_RETRY if every_state else {}), **_RETRY}
        self._quiet_flow_words = _QUIET_FLOW if every_state else {}
        super().__init__(
            engine,
            task_listen_for=tuple(self._task_words),
            retry_listen_for=tuple(self._retry_words),
        )
        self._notifier = notifier
        self._facts: Facts = {"engine": "taskflow"}
        self._facts["workflow"] = workflow or engine.storage.flow_name
        if workbook is not None:
            self._facts["workbook"] = workbook
        if project is not None:
            self._facts["project"] = project
        self._error = _known_error(engine.storage)
        self._sub_flows: dict[str, str] | None = None
        self._ended_before = False
        self._numbering = Numbering()
        self._lock = threading.Lock()  # numbers leave in their order

    def _flow_receiver(self, state: str, details: dict[str, Any]) -> None:
        word = self._flow_word(state, details["old_state"])
        if word in ("started", "rerun"):
            self._error = None
        if word is not None:
            self._tell(word, state)

    def _flow_word(self, state: str, before: str) -> str | None:
        if state == states.PENDING:  # reset after its end
            self._ended_before = True
        if state == states.RUNNING:
            if before == states.SUSPENDED:
                return "resumed"
            fresh = before == states.PENDING and not self._ended_before
            return "started" if fresh else "rerun"
        # RESUMING → SUSPENDED: how an engine takes up what another one left.
        if state == states.SUSPENDED and before == states.SUSPENDING:
            return "paused"
        return _FLOW.get(state) or self._quiet_flow_words.get(state)

    def _task_receiver(self, state: str, details: dict[str, Any]) -> None:
        task: dict[str, Any] = {
            "id": details["task_uuid"],
            "name": details["task_name"],
            "state": state,
            "flow": self._sub_flow(details["task_name"]),
        }
        if state in (states.FAILURE, states.REVERT_FAILURE):
            task["error"] = self._error = _error_text(details["result"])
        elif state in (states.RUNNING, states.SUCCESS):
            task["error"] = None
        if state == states.SUCCESS:
            task.update(result_members(details["result"]))
        self._tell(self._task_words[state], self._engine.storage.get_flow_state(), task)

    def _retry_receiver(self, state: str, details: dict[str, Any]) -> None:
        if state in (states.FAILURE, states.REVERT_FAILURE):
            self._error = _error_text(details["result"])
        task = {
            "id": details["retry_uuid"],
            "name": details["retry_name"],
            "state": state,
            "flow": self._sub_flow(details["retry_name"]),
            "error": self._error,
        }
        self._tell(
            self._retry_words[state], self._engine.storage.get_flow_state(), task
        )

    def _sub_flow(self, name: str) -> str | Unknown:
        """Return the name of the sub-flow that holds a task or retry."""
        if self._sub_flows is None:
            self._sub_flows = _sub_flows(self._engine.compilation)
        return self._sub_flows.get(name, UNKNOWN)

    def _tell(
        self, word: str, flow_state: str, task: dict[str, Any] | None = None
    ) -> None:
        with self._lock:
            sequence = sequence_of(self._numbering.next())
            facts: Facts = {**self._facts, "attributes": {"sequence": sequence}}
            failed_unseen = flow_state == states.FAILURE and self._error is None
            execution = {
                "id": self._engine.storage.flow_uuid,
                "state": flow_state,
                "error": UNKNOWN if failed_unseen else self._error,
            }
            if task is None:
                self._notifier.execution(word, execution, **facts)
            else:
                self.tell_task(word, task, execution=execution, **facts)

    def tell_task(
        self,
        word: str,
        task: dict[str, Any],
        *,
        execution: dict[str, Any],
        **facts: Unpack[Facts],
    ) -> None:
        """Tell of a task; one at a time, for those who want to do it otherwise."""
        self._notifier.task(word, task, execution=execution, **facts)


def _known_error(storage: Any) -> str | None:  # noqa: ANN401 - no types
    histories = (history for _, history in storage.get_retry_histories())
    failures = [one for history in histories for _, one in history.outcomes_iter()]
    failures += storage.get_execute_failures().values()
    failures += storage.get_revert_failures().values()
    return _error_text(failures[-1]) if failures else None


def _error_text(failure: Any) -> str:  # noqa: ANN401 - no types
    kind = next(iter(failure)).rpartition(".")[2]
    said = failure.exception_str
    return error_text(f"{kind}: {said}" if said else kind)


def _sub_flows(compilation: Any) -> dict[str, str]:  # noqa: ANN401 - no types
    """Return the name of the innermost flow around each atom, but the outermost one."""
    if compilation is None:
        return {}
    nodes = list(compilation.hierarchy.dfs_iter())
    inner = {id(node.item) for node in nodes if node.metadata["kind"] == "flow"}
    return {
        node.item.name: node.parent.item.name
        for node in nodes
        if id(node.item) not in inner and id(node.parent.item) in inner
    }
