# SPDX-License-Identifier: Apache-2.0
"""Mistral, as the checks of the conformance test drive it.

Its tasks wait for an outside system to complete their actions, and that is here: it does
what `perform` does, and says by Mistral's API what came of it.
"""

import time
from collections import Counter

from notifier.engines.conformance import SECRET, WORKBOOK, Ran, perform
from tests.mistral.mistral import PATIENCE

ENDS = ("SUCCESS", "ERROR")
POLL_SECONDS = 0.05

_WORKFLOW = """\
    input: [secret]
    tasks:
"""
_TASK = """\
      task-{number}:
        action: performs secret=<% $.secret %>
        retry: {{count: {retries}, delay: 0}}
"""


class MistralEngine:
    """Runs each piece of work as a workflow of one workbook."""

    def __init__(self, mistral, works):
        self._mistral = mistral
        mistral.define(_workbook(works), "workbooks")

    def run(self, work):
        execution = self._mistral.run(
            f"{WORKBOOK}.{work.name}", inputs={"secret": SECRET}
        )
        attempts = Counter()
        deadline = time.monotonic() + PATIENCE.total_seconds()
        while (state := self._mistral.state(execution)) not in ENDS:
            assert time.monotonic() < deadline, f"{work.name} is {state}"
            for task, action in self._mistral.waiting(execution):
                attempts[task] += 1
                self._mistral.complete(action, *_outcome(work, attempts[task]))
            time.sleep(POLL_SECONDS)
        return Ran(execution, succeeded=state == "SUCCESS")


def _outcome(work, attempt):
    try:
        return "SUCCESS", {"result": perform(work.name, attempt)}
    except RuntimeError as err:
        return "ERROR", {"result": str(err)}


def _workbook(works):
    text = (
        f'version: "2.0"\nname: {WORKBOOK}\n'
        "actions:\n  performs:\n    base: std.async_noop\n    input: [secret]\n"
        "workflows:\n"
    )
    for work in works:
        text += f"  {work.name}:\n{_WORKFLOW}"
        for number in range(work.tasks):
            text += _TASK.format(number=number, retries=work.attempts - 1)
    return text
