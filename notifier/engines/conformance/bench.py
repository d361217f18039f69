# SPDX-License-Identifier: Apache-2.0
"""Runs each piece of work once on an engine, and keeps what was told of it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from notifier.engines.conformance.bus import Bus, State
from notifier.engines.conformance.verdict import NonConformance
from notifier.engines.conformance.work import TIMEOUT, Work
from notifier.event import Event

PATIENCE: Final = timedelta(seconds=20)

GRACE: Final = timedelta(seconds=1)
"""How long to wait for the end of an execution of several tasks, which not every engine
knows."""

ENDINGS: Final = frozenset({"succeeded", "failed", "cancelled"})
"""The words that end a task or an execution."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How an execution ended, as the engine itself knows it.

    Attributes:
        execution: The id that its events have, as their execution's or its root's.
        succeeded: Whether it ended well.
    """

    execution: str
    succeeded: bool


class Engine(Protocol):
    """An engine with the adapter in it. Never called by two threads at a time."""

    def run(self, work: Work) -> Ran:
        """Run one execution to its end, whether the bus is there or not.

        Blocks. Its tasks, `work.tasks` of them, are each given `SECRET` as an argument
        and do what `perform` does. Their events may arrive a little later.
        """


@dataclass(frozen=True, slots=True)
class Told:
    """One execution.

    Attributes:
        work: What was to be done.
        ran: How it ended.
        took: How long the engine was busy with it.
        events: What was told of it, in the order of arrival.
    """

    work: Work
    ran: Ran
    took: timedelta
    events: tuple[Event, ...]

    @property
    def tasks(self) -> dict[str, list[Event]]:
        """The events of each task, by its id, or its name if it has none."""
        tasks: dict[str, list[Event]] = {}
        for event in self.events:
            if event.kind == "task":
                tasks.setdefault(event.task_id or str(event.task_name), []).append(
                    event
                )
        return tasks

    @property
    def execution(self) -> list[Event]:
        """The events of the execution itself."""
        return [event for event in self.events if event.kind == "execution"]

    @property
    def story(self) -> str:
        """What was told, for people."""
        return ", ".join(
            f"{event.type} {event.task_name or ''}".strip() for event in self.events
        )


class Bench:
    """Where an adapter is tried.

    Args:
        engine: With the adapter in it.
        bus: That the adapter's notifier tells.
        timeout: The notifier's.
        patience: How long to wait for what an execution has to tell.
    """

    def __init__(
        self,
        engine: Engine,
        bus: Bus,
        *,
        timeout: timedelta = TIMEOUT,
        patience: timedelta = PATIENCE,
    ) -> None:
        self.timeout = timeout
        self._patience = patience
        self._engine = engine
        self._bus = bus
        self._told: dict[str, Told] = {}

    def told(self, work: Work) -> Told:
        """Return what is told of a piece of work, which is done the first time."""
        told = self._told.get(work.name)
        if told is None:
            told = self._told[work.name] = self.tell_anew(work)
        return told

    def tell_anew(self, work: Work, *, patience: timedelta | None = None) -> Told:
        """Do a piece of work, and return what is told of it.

        Args:
            work: To be done.
            patience: How long to wait for what should be told. Default: the bench's.
        """
        patience = self._patience if patience is None else min(patience, self._patience)
        ran, took = self.run(work)
        self._bus.arrived(lambda all_: _tasks_ended(work, _of(ran, all_)), patience)
        events = self._bus.arrived(
            lambda all_: _execution_ended(_of(ran, all_)),
            patience if work.tasks == 1 else GRACE,
        )
        return Told(work, ran, took, tuple(_of(ran, events)))

    def run(self, work: Work) -> tuple[Ran, timedelta]:
        """Do a piece of work; return how it ended, and how long that took.

        Raises:
            NonConformance: The engine broke.
        """
        started = time.monotonic()
        try:
            ran = self._engine.run(work)
        except Exception as err:
            raise NonConformance(f"{work.name} broke the engine: {err!r}") from err
        return ran, timedelta(seconds=time.monotonic() - started)

    def all_events(self) -> list[Event]:
        """Return whatever has come over the bus so far."""
        return self._bus.arrived(lambda _: True, timedelta())

    @contextmanager
    def while_the_bus_is(self, state: State) -> Iterator[None]:
        """Let the bus be like that for as long as the context lasts."""
        self._bus.be(state)
        try:
            yield
        finally:
            self._bus.be(State.UP)


def what(event: Event) -> str:
    """Return the word of an event's type: ``failed`` of ``task.failed``."""
    return event.type.partition(".")[2]


def _of(ran: Ran, events: Sequence[Event]) -> list[Event]:
    return [event for event in events if ran.execution in event.execution_ids]


def _tasks_ended(work: Work, events: Sequence[Event]) -> bool:
    last = {e.task_id or e.task_name: what(e) for e in events if e.kind == "task"}
    if not work.ends_well:
        return "failed" in map(what, events)
    return sum(word == "succeeded" for word in last.values()) >= work.tasks


def _execution_ended(events: Sequence[Event]) -> bool:
    words = {what(event) for event in events if event.kind == "execution"}
    return not words or bool(ENDINGS & words)
