# SPDX-License-Identifier: Apache-2.0
"""Tasks that end in every way, and how a test runs them and reads what was told."""

import contextlib

from taskflow import task

from notifier.engines.taskflow import TaskFlowListener


class Works(task.Task):
    """Ends well."""

    def execute(self):
        return {"done": [self.name]}


class Fails(task.Task):
    """Ends in an error."""

    def execute(self):
        raise RuntimeError("card declined")


class CannotBeUndone(Works):
    """Ends well, but its revert does not."""

    def revert(self, *_, **__):
        raise ValueError("too late")


class Returns(task.Task):
    """Returns what it is made with."""

    def __init__(self, value):
        super().__init__("returns")
        self._value = value

    def execute(self):
        return self._value


class Raises(task.Task):
    """Raises what it is made with."""

    def __init__(self, error):
        super().__init__("raises")
        self._error = error

    def execute(self):
        raise self._error


class FailsTwice(task.Task):
    """Ends well when it is tried for the third time."""

    tries = 0

    def execute(self):
        self.tries += 1
        if self.tries <= 2:
            raise RuntimeError(f"attempt {self.tries}")


class Suspends(task.Task):
    """Lets its engine pause after it."""

    engine = None

    def execute(self):
        self.engine.suspend()


def run(engine, notifier, **names):
    """Run the engine under a listener, to whatever end."""
    with (
        TaskFlowListener(engine, notifier, **names),
        contextlib.suppress(RuntimeError, ValueError),
    ):
        engine.run()


def story(events):
    return [f"{e.type} {e.task_name}" if e.task_name else e.type for e in events]


def errors(events):
    return [event.data["execution"]["error"] for event in events]
