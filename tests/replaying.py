# SPDX-License-Identifier: Apache-2.0
"""A past to be told again, and what a listener was told of it."""

from datetime import timedelta

from bridge.store.journal import Entry
from tests.loops import until
from tests.stored import MINUTE, a_delivery, an_envelope

FAST = 5000.0


def names(count, prefix="past"):
    # Not in the order of their names, in which a commit holds them.
    return [f"{number * 37 % 1000:03}-{prefix}" for number in range(count)]


def told(running, listener):
    """The events a listener was told of, in order."""
    return [
        call.envelope.event.id
        for call in running.callback.calls
        if call.listener.id == listener.id
    ]


async def ended(stores, replay):
    await until(lambda: stores.replays().get(None, replay.id).ended_at is not None)
    return stores.replays().get(None, replay.id)


class Past:
    """Keeps events that came in some minutes ago.

    Args:
        stores: Where to.
        now: The time.
    """

    def __init__(self, stores, now):
        self._stores = stores
        self._now = now

    def keep(self, *names, execution="e1", ago=10, told=(), **data):
        """Keep events that came in one after the other, in one commit."""
        began = self._now() - ago * MINUTE
        envelopes = [an_envelope(one, execution=execution, **data) for one in names]
        self._stores.journal().write(
            Entry(
                (envelope, began + timedelta(milliseconds=place)),
                [a_delivery(envelope, to, state=state) for to, state in told],
            )
            for place, envelope in enumerate(envelopes)
        )
