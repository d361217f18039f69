# SPDX-License-Identifier: Apache-2.0
"""Why an event reaches a listener or not: each thing it asks for, and what was found.

Pure, and of one mind with the index: it asks the same `Route`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bridge.conditions.filters import compile_filters
from bridge.conditions.verdict import Judgement, Verdict
from bridge.model import Listener
from bridge.routing.index import Route
from notifier.event import Event
from notifier.wire.attributes import attributes_of
from notifier.wire.body import format_time


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a listener asks for.

    Attributes:
        name: Of the listener's member; ``registered`` for the time it was made.
        wanted: What the listener says.
        found: What the event has; None: it has no such thing.
        holds: Whether the one fits the other.
        reason: What more there is to say.
    """

    name: str
    wanted: str
    found: str | None
    holds: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that decides whether an event is for a listener, in the order of asking."""

    criteria: tuple[Criterion, ...]

    @property
    def matches(self) -> bool:
        """Whether the listener is told."""
        return all(one.holds for one in self.criteria)


def explain(
    listener: Listener,
    event: Event,
    *,
    received_at: datetime,
    judgement: Judgement | None,
) -> Explanation:
    """Say of each thing that a listener asks for whether an event has it.

    Args:
        listener: As it is now.
        event: What happened.
        received_at: When the event was taken in.
        judgement: Of the listener's condition; None: it has none.
    """
    return Explanation(
        (
            *_standing(listener, received_at),
            *_wishes(Route.to(listener), event),
            *_filters(listener, event),
            *_condition(listener, judgement),
        )
    )


def _standing(listener: Listener, received_at: datetime) -> Iterator[Criterion]:
    enabled = listener.enabled
    state = "enabled" if enabled else "disabled"
    yield Criterion("enabled", "enabled", state, enabled, listener.disabled_reason)
    yield Criterion(
        "registered",
        f"events since {format_time(listener.created_at)}",
        format_time(received_at),
        listener.created_at <= received_at,
    )


def _wishes(route: Route, event: Event) -> Iterator[Criterion]:
    listener = route.listener
    yield Criterion(
        "project",
        listener.project,
        event.project,
        listener.project == event.project,
    )
    names = ", ".join(listener.events)
    yield Criterion("events", names, event.type, route.takes(event.type))
    for name, wanted, found, accepts in (
        ("workbook", listener.workbook, event.workbook, route.workbook),
        ("workflow", listener.workflow, event.workflow, route.workflow),
    ):
        if wanted is not None:
            yield Criterion(name, wanted, found, accepts(found))
    if listener.execution_id is not None:
        ids = event.execution_ids
        holds = listener.execution_id in ids
        yield Criterion(
            "execution_id", listener.execution_id, ", ".join(ids) or None, holds
        )
    if listener.task is not None:
        known = [one for one in (event.task_name, event.task_id) if one is not None]
        holds = route.task(event.task_name) or route.task(event.task_id)
        yield Criterion("task", listener.task, ", ".join(known) or None, holds)


def _filters(listener: Listener, event: Event) -> Iterator[Criterion]:
    attributes = attributes_of(event)
    for place, one in enumerate(listener.filters):
        holds = compile_filters([one])(attributes)
        found = "passes" if holds else "stops"
        yield Criterion(f"filters[{place}]", json.dumps(one), found, holds)


def _condition(listener: Listener, judgement: Judgement | None) -> Iterator[Criterion]:
    if listener.when is None or judgement is None:
        return
    verdict = judgement.verdict
    holds = verdict is Verdict.MATCH
    yield Criterion("when", listener.when, verdict.value, holds, judgement.reason)
