# SPDX-License-Identifier: Apache-2.0
"""Sends a listener a test event, once, and tells what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bridge.callbacks.callback import Callback
from bridge.callbacks.together import together
from bridge.model import Call, Envelope, Listener, Outcome, delivery_id
from notifier import wire
from notifier.event import Event

PING_TYPE: Final = "execution.ping"


def pinger(
    callbacks: Mapping[str, Callback],
) -> Callable[[Listener], Awaitable[Outcome]]:
    """Return what sends a test event; on the event loop."""

    async def ping(listener: Listener) -> Outcome:
        told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome) -> None:
            if not told.done():  # else who asked has left
                told.set_result(outcome)

        callbacks[listener.callback.type].submit(_call(listener), done)
        return await told

    return ping


def _call(listener: Listener) -> Call:
    event = Event.new(
        PING_TYPE,
        execution="ping",
        source="/notifier-bridge",
        project=listener.project,
        payload={"listener": listener.id},
    )
    message = wire.to_amqp(event)
    envelope = Envelope(event, message.body, message.routing_key)
    if listener.callback.batch is not None:
        envelope = together([envelope])
    return Call(
        delivery_id=delivery_id(event.source, event.id, listener.id),
        attempt=1,
        listener=listener,
        envelope=envelope,
    )
