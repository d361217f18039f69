# SPDX-License-Identifier: Apache-2.0
"""How a bridge's log lines look: as all of ours, and few of its libraries'."""

from typing import Final, Literal

from notifier import logs

# They tell at INFO what the bridge tells itself, or nobody needs to know.
CHATTY: Final = ("alembic", "uvicorn")


def set_up(level: str, form: Literal["line", "json"]) -> None:
    """Send all log lines to standard error.

    Args:
        level: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
        form: How a line looks.
    """
    logs.set_up(level, form, CHATTY)
