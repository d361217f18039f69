# SPDX-License-Identifier: Apache-2.0
"""Keeps messages aside that are no events, as copies with the reason."""

import asyncio
from datetime import timedelta
from typing import Final

from bridge.callbacks.amqp import Sender
from bridge.intake.broker import SetAside, Stray
from bridge.telemetry import Telemetry
from notifier import topology
from notifier.publishers.outgoing import Outgoing

MAX_HEADERS_CHARS: Final = 32 * 1024
"""A copy of a stray has no more: with the reason, they must fit into one frame."""

# The broker would let the copy expire, or refuse it for its user's name.
_NOT_COPIED: Final = ("expiration", "user_id")


def keeper(sender: Sender, timeout: timedelta, telemetry: Telemetry) -> SetAside:
    """Return what publishes copies to the quarantine, confirmed."""

    async def set_aside(stray: Stray) -> None:
        await asyncio.to_thread(sender.send, [_copy(stray)], timeout=timeout)
        telemetry.quarantined(stray.reason)

    return set_aside


def _copy(stray: Stray) -> Outgoing:
    """Return what is kept of a stray message."""
    properties = {k: v for k, v in stray.properties.items() if k not in _NOT_COPIED}
    is_large = len(repr(stray.headers)) > MAX_HEADERS_CHARS
    headers = {} if is_large else dict(stray.headers)
    return Outgoing(
        exchange=topology.DEAD_EXCHANGE,
        routing_key=stray.routing_key,
        body=stray.body,
        properties=properties,
        headers={**headers, "reason": stray.reason},
        key="",
        id=str(stray.properties.get("message_id", "")),
    )
