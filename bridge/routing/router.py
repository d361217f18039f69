# SPDX-License-Identifier: Apache-2.0
"""Answers who listens to an event, from an index that follows the database.

Lives on the event loop. The index is brought up to date within a second of any change,
at once where the change was made in this process.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from bridge.conditions.verdict import Judgement, Verdict
from bridge.errors import StoreError
from bridge.model import Listener, ListenerId
from bridge.routing.index import Index, Route
from bridge.store.listeners import Changes, ListenerStore
from notifier.event import Event

POLL_SECONDS: Final = 0.4
SLOW_SECONDS: Final = 2.0
"""A database that takes longer for an answer does not answer, until it has."""

_log = logging.getLogger(__name__)

Matched = Callable[[Sequence[Listener]], None]
OnJudgement = Callable[[Listener, Judgement], None]


class Evaluator(Protocol):
    """Evaluates conditions; holds the loop up for moments at most."""

    def evaluate(
        self,
        conditions: Sequence[str],
        data: Mapping[str, Any],
        done: Callable[[Sequence[Judgement]], None],
    ) -> None:
        """Call `done` once, on the loop, with one judgement for each condition."""


class Router:
    """Who listens to what.

    Args:
        store: What the index follows.
        evaluator: For listeners with a condition.
        on_judgement: Told of each judgement of a condition.

    Attributes:
        is_current: Whether the database answered when it was last asked.
    """

    def __init__(
        self,
        store: ListenerStore,
        evaluator: Evaluator,
        on_judgement: OnJudgement,
    ) -> None:
        self._store = store
        self._evaluator = evaluator
        self._on_judgement = on_judgement
        self._index = Index()
        self._version = 0
        self.is_current = True
        self._refreshing = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._index)

    def listener(self, listener_id: ListenerId) -> Listener | None:
        """Return an enabled listener."""
        return self._index.get(listener_id)

    @property
    def has_ordered(self) -> bool:
        """Whether an enabled listener is to be told in order."""
        return self._index.has_ordered

    def match(self, event: Event, matched: Matched) -> None:
        """Call `matched` with the listeners that shall hear of an event.

        At once where no condition has to go to another process.
        """
        self._judge(self._index.match(event), event, matched, self._on_judgement)

    def match_ordered(self, event: Event, matched: Matched) -> None:
        """Do the same with those alone that shall hear of it in order.

        Its judgements are told nobody: `match` makes them too.
        """
        found = [one for one in self._index.match(event) if one.ordered]
        self._judge(found, event, matched, None)

    async def heard(
        self, listener: Listener, events: Sequence[Event]
    ) -> Sequence[bool]:
        """Tell, of each event, whether a listener asks for it; nobody else is told."""
        route = Route.to(listener)
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[bool]] = []
        for event in events:
            answer = loop.create_future()
            answers.append(answer)
            asked = [listener] if route.accepts(event) else []
            self._judge(asked, event, partial(_answer, answer), None)
        return await asyncio.gather(*answers)

    def _judge(
        self,
        candidates: Sequence[Listener],
        event: Event,
        matched: Matched,
        on_judgement: OnJudgement | None,
    ) -> None:
        sure = [one for one in candidates if one.when is None]
        asked = [one for one in candidates if one.when is not None]
        if not asked:
            matched(sure)
            return
        conditions = [one.when for one in asked if one.when is not None]
        done = partial(_judged, sure, asked, matched, on_judgement)
        self._evaluator.evaluate(conditions, event.data, done)

    async def refresh(self) -> None:
        """Bring the index up to date.

        Raises:
            StoreError: The database did not answer.
        """
        async with self._refreshing:
            changes = await asyncio.to_thread(self._store.changes, self._version)
            self._apply(changes)

    async def follow(self) -> None:
        """Keep the index up to date until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            refreshing = asyncio.create_task(self.refresh())
            _, late = await asyncio.wait({refreshing}, timeout=SLOW_SECONDS)
            if late:
                _log.error("database is slow", extra={"seconds": SLOW_SECONDS})
                self.is_current = False
            try:
                await refreshing
                self.is_current = True
            except StoreError as err:
                _log.warning("cannot follow the listeners", extra={"reason": str(err)})
                self.is_current = False

    def _apply(self, changes: Changes) -> None:
        for listener_id in changes.removed:
            self._index.remove(listener_id)
        for listener in changes.present:
            if listener.enabled:
                self._index.put(listener)
            else:
                self._index.remove(listener.id)
        self._version = changes.version


def _answer(answer: asyncio.Future[bool], matched: Sequence[Listener]) -> None:
    if not answer.done():  # whoever asked may have been cancelled
        answer.set_result(bool(matched))


def _judged(
    sure: list[Listener],
    asked: list[Listener],
    matched: Matched,
    on_judgement: OnJudgement | None,
    judgements: Sequence[Judgement],
) -> None:
    agreed = []
    for listener, judgement in zip(asked, judgements, strict=True):
        if on_judgement is not None:
            on_judgement(listener, judgement)
        if judgement.verdict is Verdict.MATCH:
            agreed.append(listener)
    matched(sure + agreed)
