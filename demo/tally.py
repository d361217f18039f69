# SPDX-License-Identifier: Apache-2.0
"""Counts what was published and what arrived; any thread."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from notifier.event import Event
from notifier.event_types import expand, matches
from notifier.topology import accepts
from notifier.wire import routing_key


@dataclass(slots=True)
class Promise:
    """What one receiver shall get: everything that these patterns or bindings accept."""

    wants: Callable[[Event], bool]
    got: set[str] = field(default_factory=set)


class Tally:
    """Who shall get what, and who got it."""

    def __init__(self) -> None:
        self._published: list[Event] = []
        self._webhooks: dict[str, Promise] = {}
        self._direct: dict[str, Promise] = {}
        self._attempts = 0
        self._changed = threading.Condition()

    def expect_webhook(self, name: str, events: Collection[str]) -> None:
        """A listener named so wants these events."""
        patterns = [one for event in events for one in expand(event)]
        self._webhooks[name] = Promise(
            lambda event: any(matches(one, event.type) for one in patterns)
        )

    def expect_direct(self, binding: str) -> None:
        """A consumer is bound so."""
        self._direct[binding] = Promise(
            lambda event: accepts(binding, routing_key(event))
        )

    def published(self, event: Event) -> None:
        """The bus confirmed an event."""
        with self._changed:
            self._published.append(event)

    def tried(self) -> None:
        """A webhook was called, with whatever success."""
        with self._changed:
            self._attempts += 1

    def delivered(self, name: str, event_id: str) -> None:
        """A listener took an event, signed and verified."""
        with self._changed:
            self._webhooks[name].got.add(event_id)
            self._changed.notify_all()

    def consumed(self, binding: str, event_id: str) -> None:
        """A direct consumer took an event."""
        with self._changed:
            self._direct[binding].got.add(event_id)
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is missing; tell whether that came true."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._missing(), seconds)

    def closing_line(self) -> tuple[str, int]:
        """Return the line to end with, and how many were lost."""
        with self._changed:
            delivered = sum(len(one.got) for one in self._webhooks.values())
            consumed = sum(len(one.got) for one in self._direct.values())
            lost = self._missing()
            line = (
                f"published {len(self._published)}, consumed directly {consumed}, "
                f"delivered {delivered}, retried {self._attempts - delivered}, "
                f"lost {lost}"
            )
            return line, lost

    def _missing(self) -> int:
        promises = (*self._webhooks.values(), *self._direct.values())
        return sum(
            one.wants(event) and event.id not in one.got
            for one in promises
            for event in self._published
        )
