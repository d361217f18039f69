# SPDX-License-Identifier: Apache-2.0
"""The seam that every way of telling a listener fits behind."""

from collections.abc import Callable
from typing import Protocol

from bridge.model import Call, CallbackSpec, Outcome


class Callback(Protocol):
    """One way of telling listeners: a webhook, an AMQP exchange, a plug-in.

    One object serves all listeners of its type. `submit` is called on the event
    loop's thread, `check` and `close` on any.
    """

    def check(self, spec: CallbackSpec) -> None:
        """Refuse a callback that could never work here; may block on look-ups.

        Raises:
            Invalid: Names the field (``callback.url``) and says what would be right.
        """

    def submit(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Start one attempt; never blocks, never raises.

        Args:
            call: What to bring to whom.
            done: Called exactly once, on the event loop's thread, after `submit` has
                returned and at the latest shortly after the listener's timeout. No
                order among calls.
        """

    def close(self) -> None:
        """End what is open; attempts under way end as ``lost``. May block shortly."""
