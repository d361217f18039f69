# SPDX-License-Identifier: Apache-2.0
"""Handles with care what a bridge may have died of, where no broker counts that.

What was in flight when a bridge ended is marked before it is numbered, and marked again
before it is handled on. All else goes past, but never past what is to be numbered before
it. Lives on the event loop.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from bridge.intake.source import Received, Sink
from bridge.intake.suspects import Suspect, Suspects, fingerprint
from bridge.model import Envelope

Number = Callable[[Envelope, Callable[[], None]], None]
"""Gives an event its positions, and calls what it is given once they are safe."""

_NUMBERED: Final = "numbered:"
"""To be numbered is another step than to be handled: its marks are others."""


class Care:
    """Stands between a source and whoever takes its events.

    Args:
        suspects: Marks and handles, a few at a time.
        in_order: Does so with what is to be numbered; the order is kept.
    """

    def __init__(self, suspects: Suspects, in_order: Suspects) -> None:
        self._suspects = suspects
        self._in_order = in_order
        self._is_over = False

    def before(self, take: Sink) -> Sink:
        """Return what hands events on to `take`."""
        return partial(self._hand_on, take)

    def number(self, number: Number, take: Sink, received: Received) -> None:
        """Have an event numbered, after all that came before it, then taken."""
        if not (received.is_suspect or self._in_order.is_busy):
            number(received.envelope, partial(take, received))
            return

        def handle(done: Callable[[], None]) -> None:
            def passed() -> None:
                done()
                take(received)

            number(received.envelope, passed)

        self._in_order.take(self._suspect(received, handle, _NUMBERED))

    async def close(self) -> None:
        """Begin nothing more; what waits stays with the source."""
        self._is_over = True
        await self._in_order.close()
        await self._suspects.close()

    def _hand_on(self, take: Sink, received: Received) -> None:
        if not received.is_suspect:
            take(received)
            return

        def handle(done: Callable[[], None]) -> None:
            def settle() -> None:
                received.settle()
                done()

            def reject(reason: str) -> None:
                received.reject(reason)
                done()

            take(replace(received, settle=settle, reject=reject))

        self._suspects.take(self._suspect(received, handle))

    def _suspect(
        self,
        received: Received,
        handle: Callable[[Callable[[], None]], None],
        step: str = "",
    ) -> Suspect:
        def convict(reason: str, done: Callable[[], None]) -> None:
            received.reject(reason)
            done()

        envelope = received.envelope
        named = {"message_id": envelope.event.id}
        return Suspect(
            fingerprint(f"{step}{envelope.routing_key}", named, envelope.body),
            is_gone=lambda: self._is_over,
            handle=handle,
            convict=convict,
        )
