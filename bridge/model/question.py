# SPDX-License-Identifier: Apache-2.0
"""Somebody waits for what the listeners of an event answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from notifier.verdict import Answer


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Comes with an event.

    Attributes:
        deadline: On the monotonic clock; a later reply is of no use.
        reply: Called once with the answers of all who were asked, on the event loop;
            never blocks, never raises.
    """

    deadline: float
    reply: Callable[[Sequence[Answer]], None]
