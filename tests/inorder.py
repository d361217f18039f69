# SPDX-License-Identifier: Apache-2.0
"""Events of many executions side by side, and how many came before an earlier one."""

from collections import defaultdict

from tests.load import an_event


def names(executions, each, first=0):
    """Return names of events, an execution's numbered, executions side by side."""
    return [
        f"{execution}-{number}"
        for number in range(first, first + each)
        for execution in range(executions)
    ]


def events(some):
    """Return the events of these names."""
    return [an_event(name, execution=name.partition("-")[0]) for name in some]


def inversions(came):
    """Return which of these names came after a later one of its execution."""
    latest = defaultdict(int)
    found = []
    for name in came:
        execution, _, number = name.partition("-")
        if int(number) < latest[execution]:
            found.append(name)
        latest[execution] = max(latest[execution], int(number))
    return found
