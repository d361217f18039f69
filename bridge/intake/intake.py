# SPDX-License-Identifier: Apache-2.0
"""Takes in each event once: routes it, has it delivered, settles it once recorded.

Lives on the event loop.
"""

import asyncio
import logging
from collections import deque
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

FEW: Final = 64
"""So many events may be on their way, however far behind the database is."""

TICK_SECONDS: Final = 0.1
"""So often it is looked whether more may be."""

_PART: Final = 4
_MOST: Final = 2**16

_log = logging.getLogger(__name__)

_Ready = tuple[EventKey, Received, Sequence[Listener]]
"""What may go on its way, and who is to hear of it: as it was when it came in."""


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
        unsafe: How many events were told of, and are not recorded yet.
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
        unsafe: Callable[[], int],
    ) -> None:
        self._router = router
        self._dispatcher = dispatcher
        self._journal = journal
        self._executor = executor
        self._on_taken = on_taken
        self._window = window
        self._unsafe = unsafe
        self._unsafe_before = 0
        self._recorded = 0
        self._room = FEW
        self._open: dict[EventKey, list[Received]] = {}
        self._ready: deque[_Ready] = deque()
        self._goes_on = False
        self._on_their_way = 0
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
            _log_failure(received)

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

    def tick(self) -> None:
        """Look whether more may be on their way, or fewer; every `TICK_SECONDS`."""
        # Right after a commit there is little for a moment, whatever they wait for.
        before, self._unsafe_before = self._unsafe_before, self._unsafe()
        unsafe = max(before, self._unsafe_before)
        recorded, self._recorded = self._recorded, 0
        self._room = next_room(
            self._room, self._on_their_way, unsafe=unsafe, recorded=recorded
        )
        self._go_on()

    def _go_on_soon(self) -> None:
        # With all that comes in this turn of the loop; see `bridge.gathering`.
        if not self._goes_on:
            self._goes_on = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._goes_on = False
        while self._ready and self._on_their_way < self._room:
            self._on_their_way += 1
            key, received, listeners = self._ready.popleft()
            landed = partial(self._landed, key)
            try:
                self._dispatcher.dispatch(
                    received.envelope, listeners, landed, received.question
                )
            except Exception:  # noqa: BLE001 - a loop's edge: the next events are not at fault
                self._on_their_way -= 1
                _log_failure(received)

    def _route(
        self, key: EventKey, received: Received, told: frozenset[ListenerId]
    ) -> None:
        matched = partial(self._matched, key, received, told)
        try:
            self._router.match(received.envelope.event, matched)
        except Exception:  # noqa: BLE001 - a loop's edge: the next events are not at fault
            _log_failure(received)

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
        self._ready.append((key, received, shall_hear))
        self._go_on_soon()

    def _landed(self, key: EventKey, refusal: str | None) -> None:
        self._on_their_way -= 1
        self._recorded += 1
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
        self._go_on_soon()

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


def next_room(room: int, on_their_way: int, *, unsafe: int, recorded: int) -> int:
    """Return how many events may be on their way from now on: a pure rule.

    What is told and not recorded yet is told again after a crash. Where that is a good
    part of all that is on its way, it is the database that they wait for: then as many
    are let on as it takes in a tenth of a second. Where it is not, receivers are slow,
    and few would hold up all others.

    Args:
        room: How many might be until now.
        on_their_way: How many are.
        unsafe: How many of these are told, and not recorded.
        recorded: How many were in the last tenth of a second.

    Example:
        >>> next_room(64, 64, unsafe=8, recorded=0)
        128
        >>> next_room(256, 200, unsafe=100, recorded=60)
        128
        >>> next_room(256, 256, unsafe=200, recorded=256)
        512
    """
    is_slow_receiver = _PART * unsafe < on_their_way
    if room <= on_their_way and (is_slow_receiver or recorded >= room):
        return min(2 * room, _MOST)
    is_needed = on_their_way > room // 2 and (is_slow_receiver or 2 * recorded > room)
    return room if is_needed else max(room // 2, FEW)


def _log_failure(received: Received) -> None:
    event_id = received.envelope.event.id
    _log.exception("an event could not be taken in", extra={"event_id": event_id})


def _is_asked_again(listener: Listener, question: Question | None) -> bool:
    # What it answered is not known any more, and taken for granted by nobody.
    return question is not None and listener.callback.mode is Mode.CALL
