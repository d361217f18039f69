# SPDX-License-Identifier: Apache-2.0
"""The pieces of work that an engine is given, and what a task of each does."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

PROJECT: Final = "conformance"
"""The project that the adapter is told to name."""

WORKBOOK: Final = "trial"
"""The workbook that the adapter is told to name, where it can."""

TIMEOUT: Final = timedelta(seconds=1)
"""The notifier's, unless the bench is told otherwise."""

SECRET: Final = "hunter2-never-told"  # noqa: S105 - it opens nothing
"""Argument of every task, and the password in a URL that an error quotes."""


@dataclass(frozen=True, slots=True)
class Work:
    """One execution, to be run to its end.

    Attributes:
        name: As `perform` takes it.
        tasks: How many tasks run side by side, each with a name of its own.
        attempts: With which attempt a task ends well; all before fail. The engine is
            to try again by its own means.
        error: What a failing attempt raises; "" if none fails.
        result: What an attempt that ends well returns.
    """

    name: str
    tasks: int = 1
    attempts: int = 1
    error: str = ""
    result: Any = None

    @property
    def ends_well(self) -> bool:
        """Whether the execution succeeds in the end."""
        return not self.error or self.attempts > 1


MARK: Final = "card declined: Straße 語"
"""What every error says, whatever else it holds."""

_MEBIBYTE: Final = 1024 * 1024

SUCCEEDS: Final = Work("succeeds", result={"answer": 42})
FAILS: Final = Work("fails", error=f"{MARK} by amqp://me:{SECRET}@localhost/")
RETRIED: Final = Work("retried", attempts=2, error=MARK, result="at last")
PARALLEL: Final = Work("parallel", tasks=4, result=4)
ODD_ERROR: Final = Work("odd-error", error=f"{MARK} \ud800 \x1b[31m\r\n\t\U0001f600")
ODD_RESULT: Final = Work("odd-result", result=[float("nan"), 2**70, {"\ud800": 1}])
HUGE_ERROR: Final = Work("huge-error", error=MARK + "x" * 2 * _MEBIBYTE)
HUGE_RESULT: Final = Work("huge-result", result="x" * 2 * _MEBIBYTE)

WORKS: Final = (
    *(SUCCEEDS, FAILS, RETRIED, PARALLEL),
    *(ODD_ERROR, ODD_RESULT, HUGE_ERROR, HUGE_RESULT),
)
_BY_NAME: Final = {work.name: work for work in WORKS}


def perform(name: str, attempt: int = 1) -> Any:  # noqa: ANN401 - any result
    """Do what a task of this work does: what an engine's task has to call.

    Args:
        name: The work's.
        attempt: Of this task, counted from 1.

    Raises:
        RuntimeError: The attempt fails.
    """
    work = _BY_NAME[name]
    if work.error and (not work.ends_well or attempt < work.attempts):
        raise RuntimeError(work.error)
    return work.result
