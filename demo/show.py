# SPDX-License-Identifier: Apache-2.0
"""Prints what happens, one line each: coloured on a terminal, plain otherwise."""

import threading
from typing import Final

from rich.console import Console
from rich.text import Text

_STYLES: Final = {
    "event": "cyan",
    "direct": "magenta",
    "webhook": "green",
    "refused": "yellow",
    "lost": "bold red",
}


class Show:
    """The demo's voice; any thread."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        """Print a line as it is."""
        with self._lock:
            self._console.print(Text(text))

    def happened(self, kind: str, who: str, what: str) -> None:
        """Print that something happened.

        Args:
            kind: ``event``, ``direct``, ``webhook``, ``refused`` or ``lost``.
            who: To whom, or by whom.
            what: The rest of the line.
        """
        line = Text(f"{kind:>8}  ", style=_STYLES[kind])
        line.append(f"{who:<21}", style="bold")
        line.append(what, style="default")
        with self._lock:
            self._console.print(line)
