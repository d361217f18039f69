# SPDX-License-Identifier: Apache-2.0
"""Several sources as one: the bus, and what is heard beside it."""

import asyncio
from collections.abc import Callable, Sequence

from bridge.intake.source import Sink, Source


def nothing() -> None:
    """Release nothing: somebody else does."""


class Sources:
    """The `Source` of all that several have.

    Args:
        bus: Whether it is consuming is what counts: what comes from the others waits
            in queues of theirs, and must not keep this bridge from what it is there for.
        beside: The others.
        release: Called when all are closed; may block.
    """

    def __init__(
        self, bus: Source, beside: Sequence[Source], release: Callable[[], None]
    ) -> None:
        self._bus = bus
        self._beside = beside
        self._release = release

    @property
    def is_consuming(self) -> bool:
        """Whether events that arrive on the bus now would be handed on."""
        return self._bus.is_consuming

    async def run(self, sink: Sink) -> None:
        """Hand on what comes from any of them until `stop`."""
        async with asyncio.TaskGroup() as group:
            for source in (self._bus, *self._beside):
                group.create_task(source.run(sink))

    async def stop(self) -> None:
        """Hand on no more; what was handed on can still be settled."""
        for source in (self._bus, *self._beside):
            await source.stop()

    async def close(self) -> None:
        """Let go of all."""
        for source in (self._bus, *self._beside):
            await source.close()
        await asyncio.to_thread(self._release)
