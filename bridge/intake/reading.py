# SPDX-License-Identifier: Apache-2.0
"""What a message off a broker says: an event, in its own form or as a notification."""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.model import Envelope
from notifier import wire

Read = Callable[[Mapping[str, Any], Mapping[str, Any], bytes, str], Envelope]
"""Takes a message's properties, headers, body and routing key.

Raises InvalidEvent when it is none of this kind.
"""


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
