# SPDX-License-Identifier: Apache-2.0
"""Publishes by another publisher, with a span for each event.

The span follows the ``traceparent`` that the event has, else the caller's current span;
the event then carries the context of its own span.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from notifier.conventions import Destination, Kind, messaging
from notifier.errors import PublishError
from notifier.event import MAX_ATTRIBUTE_BYTES, TRACE, Event
from notifier.publishers.caller import Caller, CallingPublisher
from notifier.publishers.publisher import Publisher
from notifier.tracing import Span, Tracer
from notifier.verdict import Answer
from notifier.wire.routing_key import routing_key


class TracedPublisher:
    """The `Publisher` that tells what it does.

    Args:
        publisher: Does it; closed with this.
        tracer: Closed with this.
        destination: Where it publishes to.
    """

    def __init__(
        self, publisher: Publisher, tracer: Tracer, destination: Destination
    ) -> None:
        self._publisher = publisher
        self._tracer = tracer
        self._destination = destination

    def publish(self, events: Sequence[Event], *, timeout: timedelta) -> None:
        """Return once the bus has taken every event for good (see `Publisher`)."""
        with self._telling(events) as told:
            self._publisher.publish(told, timeout=timeout)

    def close(self) -> None:
        """Let go of connections, and export the last spans. Blocks shortly."""
        self._publisher.close()
        self._tracer.close()

    @contextmanager
    def _telling(self, events: Sequence[Event]) -> Iterator[list[Event]]:
        spans = [self._start(event) for event in events]
        told = [
            carrying(event, span.context)
            for event, span in zip(events, spans, strict=True)
        ]
        fault: str | None = None
        lost: Collection[str] = [event.id for event in events]
        try:
            yield told
            lost = ()
        except BaseException as err:
            fault = type(err).__name__
            if isinstance(err, PublishError) and err.event_ids:
                lost = err.event_ids
            raise
        finally:
            for event, span in zip(events, spans, strict=True):
                span.end(error=fault if event.id in lost else None)

    def _start(self, event: Event) -> Span:
        key = routing_key(event)
        attributes = messaging("publish", self._destination, event, routing_key=key)
        parent = event.attributes if TRACE[0] in event.attributes else None
        name = f"publish {self._destination.name}"
        return self._tracer.start(name, Kind.PRODUCER, attributes, parent)


class TracedCaller(TracedPublisher):
    """The same, for one that waits for answers."""

    def __init__(
        self, publisher: CallingPublisher, tracer: Tracer, destination: Destination
    ) -> None:
        super().__init__(publisher, tracer, destination)
        self._caller = publisher

    def call(self, event: Event, *, timeout: timedelta) -> tuple[Answer, ...] | None:
        """Return what every listener that was asked has said (see `Caller`)."""
        with self._telling([event]) as (told,):
            return self._caller.call(told, timeout=timeout)


def traced(
    publisher: Publisher, tracer: Tracer, destination: Destination
) -> TracedPublisher:
    """Return a publisher that tells what another does, and can do what that can."""
    if isinstance(publisher, Caller):
        return TracedCaller(publisher, tracer, destination)
    return TracedPublisher(publisher, tracer, destination)


def carrying(event: Event, context: Mapping[str, str]) -> Event:
    """Return an event that carries the context of a span; none: as it is."""
    if not context:
        return event
    kept = {k: v for k, v in event.attributes.items() if k not in TRACE}
    fits = {k: v for k, v in context.items() if len(v.encode()) <= MAX_ATTRIBUTE_BYTES}
    return replace(event, attributes={**kept, **fits})
