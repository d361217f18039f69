# SPDX-License-Identifier: Apache-2.0
"""TaskFlow, as the checks of the conformance test drive it."""

import contextlib

from taskflow import engines, retry, task
from taskflow.patterns import linear_flow, unordered_flow

from notifier.engines.conformance import SECRET, WORKBOOK, Ran, perform
from notifier.engines.taskflow import TaskFlowListener


class Performs(task.Task):
    """Does what a task of a piece of work has to do."""

    def __init__(self, name, work):
        super().__init__(name, inject={"secret": SECRET})
        self._work = work
        self._attempt = 0

    def execute(self, secret):
        assert secret == SECRET
        self._attempt += 1
        return perform(self._work, self._attempt)


class TaskFlowEngine:
    """Runs each piece of work as one flow; options are those of ``engines.load``."""

    def __init__(self, notifier, **options):
        self._notifier = notifier
        self._options = options

    def run(self, work):
        if work.tasks > 1:
            flow = unordered_flow.Flow(work.name)
        else:
            flow = linear_flow.Flow(
                work.name, retry=retry.Times(work.attempts, "again")
            )
        flow.add(*(Performs(f"task-{n}", work.name) for n in range(work.tasks)))
        engine = engines.load(flow, **self._options)
        succeeded = False
        with (
            TaskFlowListener(engine, self._notifier, workbook=WORKBOOK),
            contextlib.suppress(RuntimeError),
        ):
            engine.run()
            succeeded = True
        return Ran(engine.storage.flow_uuid, succeeded)
