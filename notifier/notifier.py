# SPDX-License-Identifier: Apache-2.0
"""What an engine holds: tells what happened, in bounded time, and never hurts it.

Blocks for at most the timeout. Safe to share between threads; events of one execution
arrive in the order in which one thread tells them.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Self, Unpack

from notifier import calling
from notifier.errors import PublishError
from notifier.event import UNKNOWN, Event
from notifier.facts import Facts, Who, build
from notifier.publishers.publisher import Publisher
from notifier.verdict import OnTimeout, Verdict

if TYPE_CHECKING:  # needs an optional library
    from notifier.publishers.committed import AnySession

_log = logging.getLogger(__name__)


class Notifier:
    """Tells what happened to executions and tasks.

    Every telling method returns True once the bus has confirmed the event. With
    ``on_error="log"`` it returns False for whatever went wrong, the event itself
    included, after a line in the log; with ``"raise"`` it raises `NotifierError`.

    Args:
        publisher: The way to the bus; closed with the notifier.
        source: URI reference of the engine.
        project: Of every event that names none.
        engine: Name of the engine.
        timeout: The longest that a method blocks.
        on_error: ``"log"`` or ``"raise"``.

    Example:
        >>> from notifier.publishers.memory import MemoryPublisher
        >>> bus = MemoryPublisher()
        >>> queue = bus.queue("task.failed.#")
        >>> with Notifier(bus, source="/engines/1") as notifier:
        ...     notifier.task_failed("charge", execution="e1", error="card declined")
        True
    """

    def __init__(
        self,
        publisher: Publisher,
        *,
        source: str = "/notifier",
        project: str | None = None,
        engine: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        on_error: Literal["log", "raise"] = "log",
    ) -> None:
        self._publisher = publisher
        self._facts: Facts = {
            "source": source,
            "project": UNKNOWN if project is None else project,
            "engine": UNKNOWN if engine is None else engine,
        }
        self._timeout = timeout
        self._on_error = on_error

    def notify(self, event: Event) -> bool:
        """Tell one event."""
        return self._publish(lambda: (event,))

    def notify_many(self, events: Iterable[Event]) -> bool:
        """Tell several events in one go; True if all of them were confirmed."""
        return self._publish(lambda: tuple(events))

    def call(
        self,
        event: Event,
        *,
        timeout: timedelta | None = None,
        on_timeout: OnTimeout = "accept",
    ) -> Verdict:
        """Tell one event and wait for those listeners that say ``mode: call``.

        Args:
            event: See `event`.
            timeout: The longest that this blocks. Default: the notifier's.
            on_timeout: What it counts as if no bridge answers: ``"accept"`` or
                ``"refuse"``. A listener's own rule says so for each that does not.

        Returns:
            True in an ``if`` where the engine may go on. What goes wrong, with
            ``on_error="log"``, counts as no answer.

        Raises:
            TypeError: The publisher is one that cannot wait for answers.
        """
        return calling.call(
            self._publisher,
            event,
            timeout=self._timeout if timeout is None else timeout,
            on_timeout=on_timeout,
            on_error=self._on_error,
        )

    def event(
        self,
        event_type: str,
        *,
        execution: Who,
        task: Who | None = None,
        **facts: Unpack[Facts],
    ) -> Event:
        """Return an event, not told yet, with what this notifier knows by itself.

        Raises:
            InvalidEvent: Names the field and what would be right.
        """
        known: Facts = {**self._facts, **facts}
        return build(event_type, execution=execution, task=task, **known)

    def after_commit(self, session: "AnySession", event: Event) -> None:
        """Tell one event once a session of SQLAlchemy has committed, else never.

        A rollback drops the event, one to a savepoint too. What cannot be published
        then is logged, whatever `on_error` says: the work is committed, and an error
        would say otherwise. A crash between commit and confirm loses the event; where
        that must not be, take `notifier.publishers.outbox`.

        Args:
            session: Also a scoped or an asynchronous one; its commit then takes as long
                as telling does.
            event: To be told.

        Raises:
            ImportError: SQLAlchemy is not installed.
        """
        from notifier.publishers.committed import after_commit  # noqa: PLC0415 - optional library

        after_commit(session, self._tell, event)

    def execution(self, what: str, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that something happened to an execution, in the engine's own word."""
        return self._publish(
            lambda: (self.event(f"execution.{what}", execution=execution, **facts),)
        )

    def task(
        self, what: str, task: Who, *, execution: Who, **facts: Unpack[Facts]
    ) -> bool:
        """Tell that something happened to a task, in the engine's own word."""
        return self._publish(
            lambda: (
                self.event(f"task.{what}", execution=execution, task=task, **facts),
            )
        )

    def execution_started(self, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that an execution began."""
        return self.execution("started", execution, **facts)

    def execution_succeeded(self, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that an execution ended well."""
        return self.execution("succeeded", execution, **facts)

    def execution_failed(self, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that an execution ended in an error."""
        return self.execution("failed", execution, **facts)

    def execution_cancelled(self, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that an execution was cancelled."""
        return self.execution("cancelled", execution, **facts)

    def execution_paused(self, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that an execution was paused."""
        return self.execution("paused", execution, **facts)

    def execution_resumed(self, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that an execution goes on after a pause."""
        return self.execution("resumed", execution, **facts)

    def execution_rerun(self, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that an execution is run once more after its end."""
        return self.execution("rerun", execution, **facts)

    def task_started(
        self, task: Who, *, execution: Who, **facts: Unpack[Facts]
    ) -> bool:
        """Tell that a task began."""
        return self.task("started", task, execution=execution, **facts)

    def task_succeeded(
        self, task: Who, *, execution: Who, **facts: Unpack[Facts]
    ) -> bool:
        """Tell that a task ended well."""
        return self.task("succeeded", task, execution=execution, **facts)

    def task_failed(self, task: Who, *, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that a task ended in an error."""
        return self.task("failed", task, execution=execution, **facts)

    def task_cancelled(
        self, task: Who, *, execution: Who, **facts: Unpack[Facts]
    ) -> bool:
        """Tell that a task was cancelled."""
        return self.task("cancelled", task, execution=execution, **facts)

    def task_paused(self, task: Who, *, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that a task was paused."""
        return self.task("paused", task, execution=execution, **facts)

    def task_resumed(
        self, task: Who, *, execution: Who, **facts: Unpack[Facts]
    ) -> bool:
        """Tell that a task goes on after a pause."""
        return self.task("resumed", task, execution=execution, **facts)

    def task_rerun(self, task: Who, *, execution: Who, **facts: Unpack[Facts]) -> bool:
        """Tell that a task is run once more after its end."""
        return self.task("rerun", task, execution=execution, **facts)

    def task_skipped(
        self, task: Who, *, execution: Who, **facts: Unpack[Facts]
    ) -> bool:
        """Tell that a task was left out."""
        return self.task("skipped", task, execution=execution, **facts)

    def task_retrying(
        self, task: Who, *, execution: Who, **facts: Unpack[Facts]
    ) -> bool:
        """Tell that a task will be tried again."""
        return self.task("retrying", task, execution=execution, **facts)

    def close(self) -> None:
        """Let go of the bus. Blocks shortly; may be called twice."""
        self._publisher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tell(self, events: Sequence[Event]) -> None:
        self._publish(lambda: events, on_error="log")

    def _publish(
        self,
        make: Callable[[], Sequence[Event]],
        on_error: Literal["log", "raise"] | None = None,
    ) -> bool:
        events: Sequence[Event] = ()
        try:
            events = make()
            if events:
                self._publisher.publish(events, timeout=self._timeout)
        except Exception as err:
            if (on_error or self._on_error) == "raise":
                raise
            # The engine's work goes on, whatever it was.
            _log.exception("event not published", extra=_failure(err, events))
            return False
        return True


def _failure(err: Exception, events: Sequence[object]) -> dict[str, object]:
    ids = err.event_ids if isinstance(err, PublishError) else ()
    return {
        "fault": f"{type(err).__name__}: {err}",
        "event_ids": ids or tuple(one.id for one in events if isinstance(one, Event)),
    }
