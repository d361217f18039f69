# SPDX-License-Identifier: Apache-2.0
"""What can go wrong on the engine's side, as one tree.

::

    NotifierError
    ├── InvalidEvent        the event itself is refused; trying again cannot help
    ├── SettingsError       a setting is missing or wrong
    ├── OutboxError         the outbox's database did not do what was asked
    ├── CallRefused         a listener that was waited for says no
    └── PublishError        the bus did not confirm the event
        ├── Unroutable      no queue is bound for it
        ├── Refused         the bus answered no (nack, 4xx)
        ├── Conflict        same source and id, another body
        └── Unreachable     no answer in time
"""

from collections.abc import Sequence


class NotifierError(Exception):
    """Something went wrong while telling the world what happened."""


class InvalidEvent(NotifierError):
    """The event is refused.

    Attributes:
        field: Where the fault is, as a dotted path (``data.execution.id``).
        reason: What is wrong with it, and what would be right.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class SettingsError(NotifierError):
    """A setting is missing or wrong."""


class OutboxError(NotifierError):
    """The outbox's database did not do what was asked."""


class CallRefused(NotifierError):
    """A listener that was waited for says no, or none answered and that counts as no.

    Attributes:
        reasons: One for each that refuses.
    """

    def __init__(self, reasons: Sequence[str], *, said: str = "refused by ") -> None:
        super().__init__(said + "; ".join(reasons))
        self.reasons = tuple(reasons)


class PublishError(NotifierError):
    """The bus did not confirm the event.

    Attributes:
        event_ids: The ids of the events that were not confirmed.
    """

    def __init__(self, message: str, event_ids: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.event_ids = tuple(event_ids)


class Unroutable(PublishError):
    """No queue is bound for the event: nobody would ever see it."""


class Refused(PublishError):
    """The bus answered no."""


class Conflict(Refused):
    """An event with the same source and id, but another body, is known."""


class Unreachable(PublishError):
    """The bus did not answer in time."""
