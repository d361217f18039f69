# SPDX-License-Identifier: Apache-2.0
"""Handles with care what a bridge may have died of, where no broker counts that.

What was in flight when a bridge ended is marked before it is handled on. All else goes
past. Lives on the event loop.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from bridge.intake.source import Received, Sink
from bridge.intake.suspects import Suspect, Suspects, fingerprint


class Care:
    """Stands between a source and whoever takes its events.

    Args:
        suspects: Marks and handles, a few at a time.
    """

    def __init__(self, suspects: Suspects) -> None:
        self._suspects = suspects
        self._is_over = False

    def before(self, take: Sink) -> Sink:
        """Return what hands events on to `take`."""
        return partial(self._hand_on, take)

    async def close(self) -> None:
        """Begin nothing more; what waits stays with the source."""
        self._is_over = True
        await self._suspects.close()

    def _hand_on(self, take: Sink, received: Received) -> None:
        if received.is_suspect:
            self._suspects.take(self._suspect(take, received))
        else:
            take(received)

    def _suspect(self, take: Sink, received: Received) -> Suspect:
        def handle(done: Callable[[], None]) -> None:
            def settle() -> None:
                received.settle()
                done()

            def reject(reason: str) -> None:
                received.reject(reason)
                done()

            take(replace(received, settle=settle, reject=reject))

        def convict(reason: str, done: Callable[[], None]) -> None:
            received.reject(reason)
            done()

        envelope = received.envelope
        named = {"message_id": envelope.event.id}
        return Suspect(
            fingerprint(envelope.routing_key, named, envelope.body),
            is_gone=lambda: self._is_over,
            handle=handle,
            convict=convict,
        )
