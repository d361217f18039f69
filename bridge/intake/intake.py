# SPDX-License-Identifier: Apache-2.0
"""Takes in each event once: routes it, has it delivered, settles it once recorded.

Lives on the event loop.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, Protocol

from bridge.errors import StoreError
from bridge.intake.source import Received, again
from bridge.intake.window import Window
from bridge.model import Envelope, EventKey, Listener, ListenerId, Mode, Question
from bridge.store.journal import Journal
from notifier.event import Event

PAUSE_SECONDS: Final = 0.5

_log = logging.getLogger(__name__)


class Routes(Protocol):
    """Who listens."""

    def match(
        self, event: Event, matched: Callable[[Sequence[Listener]], None]
    ) -> None:
        """Call `matched` with the listeners that shall hear of an event."""


class Delivers(Protocol):
    """Who tells them."""

    def dispatch(
        self,
        envelope: Envelope,
        listeners: Sequence[Listener],
        landed: Callable[[str | None], None],
        question: Question | None,
    ) -> None:
        """Tell listeners of an event; call `landed` once that is recorded.

        With None then, or with the reason why it will never be. A question is replied
        to as soon as all have answered.
        """


class Intake:
    """Between a source and the delivery.

    Args:
        router: Answers who listens.
        dispatcher: Tells them.
        journal: Knows what was recorded of an event before.
        executor: The recorder's.
        on_taken: Told of each event, matched or not.
        window: What was recorded lately; of a copy, what is recorded counts.
    """

    def __init__(
        self,
        router: Routes,
        dispatcher: Delivers,
        *,
        journal: Journal,
        executor: Executor,
        on_taken: Callable[[Envelope], None],
        window: Window,
    ) -> None:
        self._router = router
        self._dispatcher = dispatcher
        self._journal = journal
        self._executor = executor
        self._on_taken = on_taken
        self._window = window
        self._open: dict[EventKey, list[Received]] = {}
        self._repeats: list[Received] = []
        self._asking: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        """How many events are not settled yet."""
        return len(self._open)

    def take(self, received: Received) -> None:
        """Take in an event; never raises.

        A copy whose twin is still on its way is settled with it, never before.
        """
        try:
            self._take(received)
        except Exception:  # noqa: BLE001 - a loop's edge: the next events are not at fault
            event_id = received.envelope.event.id
            _log.exception(
                "an event could not be taken in", extra={"event_id": event_id}
            )

    def _take(self, received: Received) -> None:
        key = received.envelope.key
        twins = self._open.get(key)
        if twins is not None:
            twins.append(received)
            return
        self._open[key] = [received]
        self._on_taken(received.envelope)
        if received.is_repeat or key in self._window:
            self._repeats.append(received)
            if self._asking is None:
                self._asking = asyncio.get_running_loop().create_task(self._ask())
        else:
            self._route(key, received, frozenset())

    def _route(
        self, key: EventKey, received: Received, told: frozenset[ListenerId]
    ) -> None:
        matched = partial(self._matched, key, received, told)
        self._router.match(received.envelope.event, matched)

    def _matched(
        self,
        key: EventKey,
        received: Received,
        told: frozenset[ListenerId],
        listeners: Sequence[Listener],
    ) -> None:
        question = received.question
        shall_hear = [
            one
            for one in listeners
            if one.id not in told or _is_asked_again(one, question)
        ]
        landed = partial(self._landed, key)
        self._dispatcher.dispatch(received.envelope, shall_hear, landed, question)

    def _landed(self, key: EventKey, refusal: str | None) -> None:
        _, *twins = copies = self._open.pop(key)
        if refusal is None:
            self._window.note(key)
        for received in copies:
            if refusal is None:
                received.settle()
            else:
                received.reject(refusal)
        for twin in twins:
            if twin.question is not None:
                self.take(again(twin.envelope, twin.question))

    async def _ask(self) -> None:
        """Ask, many at once, to whom repeated events were brought already."""
        try:
            while self._repeats:
                batch, self._repeats = self._repeats, []
                keys = {received.envelope.key: received for received in batch}
                known = await self._known(list(keys))
                for key, received in keys.items():
                    self._route(key, received, frozenset(known.get(key, ())))
        finally:
            self._asking = None

    async def _known(self, keys: list[EventKey]) -> dict[EventKey, set[ListenerId]]:
        loop = asyncio.get_running_loop()
        ask = partial(self._journal.known, keys)
        while True:
            try:
                return await loop.run_in_executor(self._executor, ask)
            except StoreError as err:
                reason = {"reason": str(err)}
                _log.warning("cannot ask what was recorded", extra=reason)
                await asyncio.sleep(PAUSE_SECONDS)


def _is_asked_again(listener: Listener, question: Question | None) -> bool:
    # What it answered is not known any more, and taken for granted by nobody.
    return question is not None and listener.callback.mode is Mode.CALL
