# SPDX-License-Identifier: Apache-2.0
"""Keeps in the database how endpoints are, and finds those that do nothing but fail.

Lives on the event loop; asks the database in the recorder's thread. While all are well
nothing is written. A spell of failures outlives the bridge, a breaker does not.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from bridge.delivery.lanes import Lanes
from bridge.delivery.spell import Spell
from bridge.errors import StoreError
from bridge.model import (
    Call,
    Delivery,
    Listener,
    ListenerId,
    Outcome,
    OutcomeKind,
    State,
)
from bridge.model.lane_state import LaneState
from bridge.store.lanes import REPEAT_AFTER, LaneStore

LOOK_SECONDS: Final = 1.0

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Standings:
    """Of all listeners.

    Args:
        store: Where to.
        executor: The recorder's.
        lanes: Know how endpoints are.
        listener: Finds a listener that is enabled.
        hopeless: Told of a listener that has failed only for too long, and why.
        now: The time that all bridges on the database agree on.

    Attributes:
        borne: So long a listener may do nothing but fail; may change.
    """

    def __init__(
        self,
        store: LaneStore,
        executor: Executor,
        *,
        lanes: Lanes,
        listener: Callable[[ListenerId], Listener | None],
        hopeless: Callable[[Listener, str], None],
        now: Callable[[], datetime],
        borne: timedelta,
    ) -> None:
        self._store = store
        self._executor = executor
        self._lanes = lanes
        self._listener = listener
        self._hopeless = hopeless
        self._now = now
        self.borne = borne
        self._spells: dict[ListenerId, Spell] = {}
        self._suspects: dict[ListenerId, str] = {}
        self._written: dict[ListenerId, LaneState] = {}
        self._repeated_at = now()

    def note(self, call: Call, outcome: Outcome, delivery: Delivery) -> None:
        """Note how an attempt has ended."""
        listener_id = call.listener.id
        if delivery.state is State.DELIVERED:
            self._spells.pop(listener_id, None)
        elif outcome.kind is not OutcomeKind.LOST:
            known = self._spells.get(listener_id)
            spell = Spell.after(known, self._now(), self.borne)
            self._spells[listener_id] = spell
            if spell.is_over(self.borne):
                self._suspects[listener_id] = outcome.error or "refused"

    async def run(self) -> None:
        """Take over what is known, then write what changes, again and again."""
        while not await self._quietly(self._load):  # noqa: ASYNC110 - a look at what is there
            await asyncio.sleep(LOOK_SECONDS)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._quietly(self._judge)
            await self._quietly(self._write)

    async def _load(self) -> None:
        for state in await self._ask(self._store.all):
            self._written[state.listener_id] = state
            since, last = state.failing_since, state.failed_at
            if since is not None and last is not None:
                before, known = Spell(since, last), self._spells.get(state.listener_id)
                self._spells[state.listener_id] = (
                    before
                    if known is None
                    else Spell.after(before, known.last, self.borne)
                )

    async def _judge(self) -> None:
        """Give up those that fail only; whatever another bridge delivered counts."""
        while self._suspects:
            listener_id, error = self._suspects.popitem()
            spell, listener = self._spells.get(listener_id), self._listener(listener_id)
            if spell is None or listener is None:
                continue
            look = partial(self._store.has_delivered, listener_id, spell.since)
            if await self._ask(look):
                self._spells.pop(listener_id, None)
            else:
                since = spell.since.isoformat(" ", "seconds")
                why = f"every attempt has failed since {since}; the last time: {error}"
                self._hopeless(listener, why)

    async def _write(self) -> None:
        now, states = self._now(), self._states()
        is_time = now - self._repeated_at >= REPEAT_AFTER
        changed = [
            state
            for listener_id, state in states.items()
            if is_time or _differ(state, self._written.get(listener_id))
        ]
        well = [one for one in self._written if one not in states]
        if changed or well:
            await self._ask(partial(self._store.write, changed, well, now))
        self._written = states
        if is_time:
            self._repeated_at = now

    def _states(self) -> dict[ListenerId, LaneState]:
        """Return how those endpoints are that are not well."""
        states = {
            listener_id: LaneState(
                listener_id,
                breaker=gate.breaker.state,
                since=gate.breaker.since,
                reason=gate.breaker.reason,
                limit=None if gate.limit.is_full else gate.limit.value,
            )
            for listener_id, gate in self._lanes.gates()
            if self._listener(listener_id) is not None and not gate.is_calm
        }
        for listener_id, spell in list(self._spells.items()):
            if self._listener(listener_id) is None:
                del self._spells[listener_id]  # turned off, or removed
                continue
            state = states.get(listener_id, LaneState(listener_id))
            states[listener_id] = replace(
                state, failing_since=spell.since, failed_at=spell.last
            )
        return states

    async def _ask(self, question: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, question)

    async def _quietly(self, step: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        try:
            await step()
        except StoreError as err:
            _log.warning("cannot keep how endpoints are", extra={"reason": str(err)})
            return False
        return True


def _differ(state: LaneState, written: LaneState | None) -> bool:
    """Tell whether it is worth a row; when it failed last is not."""
    if written is None:
        return True
    return replace(state, failed_at=None) != replace(written, failed_at=None)
