# SPDX-License-Identifier: Apache-2.0
"""The engine's side: tell the world what happened to executions and tasks.

::

    from notifier import connect

    notifier = connect()  # AMQP_URL, else the bridge on 127.0.0.1:8990
    notifier.task_failed("charge", execution="e1", workbook="orders", error="declined")
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from notifier.connection import connect
    from notifier.event import UNKNOWN, Event
    from notifier.notifier import Notifier
    from notifier.verdict import Verdict

__all__ = ["UNKNOWN", "Event", "Notifier", "Verdict", "connect"]

_HOMES: Final = {
    "UNKNOWN": "notifier.event",
    "Event": "notifier.event",
    "Notifier": "notifier.notifier",
    "Verdict": "notifier.verdict",
    "connect": "notifier.connection",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562
    # An engine that never publishes pays for nothing: each name is imported when used.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
