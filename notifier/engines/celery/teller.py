# SPDX-License-Identifier: Apache-2.0
"""Tells what became of a run of a Celery task, and of the execution around it.

Each process has a notifier of its own, opened with its first event.
"""

import json
import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from notifier.engines.celery.aside import Aside
from notifier.engines.celery.lineage import Run, attempt
from notifier.event import UNKNOWN, Unknown
from notifier.facts import Facts
from notifier.notifier import Notifier

CLOSE_WITHIN: Final = timedelta(seconds=5)
"""How long `Teller.close` waits for what is still to be told aside."""

_NAMESPACE: Final = uuid.UUID("6f2e0c55-6c0f-5c8e-9d1b-2f5d4b0c7a11")
_OF_CELERY: Final = "celery."  # its own tasks, such as celery.chord_unlock


class Teller:
    """Safe to share between threads, and after `os.fork`.

    Args:
        open_notifier: Called in each process.
        workbook: Of every event, where there is one.
        project: Default: the notifier's.
    """

    def __init__(
        self,
        open_notifier: Callable[[], Notifier],
        *,
        workbook: str | None,
        project: str | None,
    ) -> None:
        self._open_notifier = open_notifier
        self._facts: Facts = {"engine": "celery"}
        if workbook is not None:
            self._facts["workbook"] = workbook
        if project is not None:
            self._facts["project"] = project
        # By process: what a child inherits is not its own.
        self._processes: dict[int, tuple[Notifier, Aside]] = {}

    def retry(self, run: Run, time: datetime, *, error: str) -> None:
        """Tell, the first time, that a task will be tried again."""
        if not run.has_retried:
            run.has_retried = True
            self.task("retrying", run, time, state="RETRY", error=error)

    def failure(self, run: Run, time: datetime, *, error: str) -> None:
        """Tell, the first time, that a task failed for good."""
        if run.has_failed:  # Celery speaks twice of some
            return
        run.has_failed = True
        self.task("failed", run, time, state="FAILURE", error=error)
        if run.ends_execution_if_it_fails:
            self.execution("failed", run, time, error=error)

    def task(
        self, word: str, run: Run, time: datetime | None = None, **members: object
    ) -> None:
        """Tell of a task; blocks as a notifier does."""
        if run.name.startswith(_OF_CELERY):
            return
        request = run.request
        task = {
            "id": request.id,
            "name": run.name,
            "retries": request.retries,
            "parent_id": request.parent_id or UNKNOWN,
            "group_id": request.group or UNKNOWN,
            **members,
        }
        execution: dict[str, object] = {"id": run.lineage.execution}
        if run.starts_execution and members.get("error", "") is None:
            execution["error"] = None  # it is the first, and alone
        facts = self._facts_of(f"task.{word}", run, time)
        self._process()[0].task(word, task, execution=execution, **facts)

    def execution(
        self,
        word: str,
        run: Run,
        time: datetime | None = None,
        *,
        error: str | Unknown | None = UNKNOWN,
    ) -> None:
        """Tell of the execution around a task; blocks as a notifier does."""
        if run.name.startswith(_OF_CELERY):
            return
        execution = {"id": run.lineage.execution, "error": error}
        facts = self._facts_of(f"execution.{word}", run, time)
        self._process()[0].execution(word, execution, **facts)

    def aside(self, job: Callable[[], object]) -> None:
        """Let a thread tell it."""
        self._process()[1].do(job)

    def close(self) -> None:
        """Tell what is left, and let go of the bus; what comes then opens it anew."""
        process = self._processes.pop(os.getpid(), None)
        if process is not None:
            notifier, aside = process
            aside.close(CLOSE_WITHIN)
            notifier.close()

    def _facts_of(self, event_type: str, run: Run, time: datetime | None) -> Facts:
        # What Celery runs twice, after a redelivery, is told once.
        parts = [event_type, run.request.id, attempt(run.request)]
        return {
            **self._facts,
            "workflow": run.lineage.workflow or UNKNOWN,
            "time": datetime.now(UTC) if time is None else time,
            "event_id": str(uuid.uuid5(_NAMESPACE, json.dumps(parts))),
        }

    def _process(self) -> tuple[Notifier, Aside]:
        process = self._processes.get(os.getpid())
        if process is None:
            process = self._processes.setdefault(
                os.getpid(), (self._open_notifier(), Aside())
            )
        return process
