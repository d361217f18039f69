# SPDX-License-Identifier: Apache-2.0
"""What a message off a broker says: an event, in its own form or as a notification."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bridge.model import Envelope
from notifier import wire
from notifier.errors import InvalidEvent

REASON: Final = "reason"
"""Header of what a bridge has set aside."""

REQUEUED: Final = "requeued"
"""Header of what shall be handled once more: its routing key."""

_DROPPED: Final = "x-first-death-reason"
_DROPPED_FROM: Final = "x-first-death-queue"
_GIVEN_UP: Final = "delivery_limit"

Read = Callable[[Mapping[str, Any], Mapping[str, Any], bytes, str], Envelope]
"""Takes a message's properties, headers, body and routing key.

Raises InvalidEvent when it is none of this kind.
"""


class SetAsideBefore(InvalidEvent):
    """The reason is that of who set it aside."""

    def __init__(self, reason: str) -> None:
        super().__init__("", reason)
        self.args = (reason,)


def read_event(
    properties: Mapping[str, Any], headers: Mapping[str, Any], body: bytes, key: str
) -> Envelope:
    """Return an event with the body that carried it."""
    return Envelope(wire.from_amqp(properties, headers, body, key), body, key)


def read_notification(
    _: Mapping[str, Any], headers: Mapping[str, Any], body: bytes, _key: str
) -> Envelope:
    """Return the event that a notification of oslo.messaging tells.

    With the body and the key that the event itself would have: callbacks know no other.
    """
    message = wire.to_amqp(event := wire.from_oslo(headers, body))
    return Envelope(event, message.body, message.routing_key)


def read_quarantined(
    properties: Mapping[str, Any], headers: Mapping[str, Any], body: bytes, key: str
) -> Envelope:
    """Return the event that was set aside by mistake, or shall be handled once more.

    By mistake: since the broker has counted how often it came back, and a bridge finds
    out better whose fault that was.

    Raises:
        InvalidEvent: It was set aside for good.
    """
    requeued = headers.get(REQUEUED)
    if isinstance(requeued, str):
        return read_event(properties, headers, body, requeued)
    dropped = headers.get(_DROPPED)
    if given_up_by(headers) is not None:
        return read_event(properties, headers, body, key)
    reason = headers.get(REASON)
    if isinstance(reason, str):
        raise SetAsideBefore(reason)
    raise InvalidEvent("message", f"was dropped by the broker: {dropped}")


def given_up_by(headers: Mapping[str, Any]) -> str | None:
    """Return the queue whose limit of deliveries a message has reached; None: none."""
    if headers.get(_DROPPED) != _GIVEN_UP:
        return None
    return str(headers.get(_DROPPED_FROM, ""))
