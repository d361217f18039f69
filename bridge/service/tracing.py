# SPDX-License-Identifier: Apache-2.0
"""Makes spans of what a bridge does: of each event taken in, of each attempt.

::

    publish workflow.events          the engine's
      └ process workflow.events      until all about the event is recorded
          ├ POST                     an attempt; its webhook carries its context
          └ POST                     the next one

Switched off, a source and a callback are what they are without it. Lives on the event
loop.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from bridge.callbacks.callback import Callback
from bridge.errors import SettingsError
from bridge.intake.source import Received, Sink, Source
from bridge.model import (
    Call,
    CallbackSpec,
    EventKey,
    Format,
    Outcome,
    OutcomeKind,
)
from bridge.settings import Settings
from notifier.conventions import (
    BRIDGE,
    OWN,
    RABBITMQ,
    Destination,
    Kind,
    cloud_event,
    http_client,
    messaging,
)
from notifier.event import Event

if TYPE_CHECKING:  # needs an optional library
    from notifier.tracing import Span, Tracer

SERVICE: Final = "notifier-bridge"
MAX_KNOWN: Final = 10_000
"""Of so many events it is known which span took them in; of others, which told of them."""

_STATUS: Final = "http.response.status_code"


class Tracing:
    """What makes spans.

    Args:
        tracer: None: nothing does.
        destination: Where events come from.
    """

    def __init__(self, tracer: "Tracer | None", destination: Destination) -> None:
        self._tracer = tracer
        self._destination = destination
        self._contexts = _Contexts()

    @classmethod
    def of(cls, settings: Settings) -> "Tracing":
        """Return what the settings ask for.

        Raises:
            SettingsError: The library is missing.
        """
        bus = settings.bus
        system = BRIDGE if bus.url is None else RABBITMQ
        destination = Destination(system, bus.exchange, bus.url, bus.bridge_queue)
        if settings.tracing.spans == "none":
            return cls(None, destination)
        try:
            from notifier.tracing import open_tracer  # noqa: PLC0415 - optional library
        except ImportError as err:
            raise SettingsError(
                "[tracing] spans = otlp needs OpenTelemetry; pip install "
                "'workflow-notifier[otel]'"
            ) from err
        return cls(open_tracer(SERVICE), destination)

    def source(self, source: Source) -> Source:
        """Return a source with a span for each event; closes the tracer with it."""
        if self._tracer is None:
            return source
        return _TracedSource(source, self._tracer, self._destination, self._contexts)

    def callbacks(self, by_type: Mapping[str, Callback]) -> Mapping[str, Callback]:
        """Return callbacks with a span for each attempt."""
        tracer = self._tracer
        if tracer is None:
            return by_type
        return {
            kind: _TracedCallback(one, tracer, self._destination, self._contexts)
            for kind, one in by_type.items()
        }


class _Contexts:
    """Of the spans that took events in, the latest of them."""

    def __init__(self) -> None:
        self._known: OrderedDict[EventKey, Mapping[str, str]] = OrderedDict()

    def note(self, key: EventKey, context: Mapping[str, str]) -> None:
        self._known[key] = context
        self._known.move_to_end(key)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def of(self, key: EventKey, event: Event) -> Mapping[str, str]:
        return self._known.get(key, event.attributes)


class _TracedSource:
    """The `Source` that tells what is done with what it hands on."""

    def __init__(
        self,
        source: Source,
        tracer: "Tracer",
        destination: Destination,
        contexts: _Contexts,
    ) -> None:
        self._source = source
        self._tracer = tracer
        self._destination = destination
        self._contexts = contexts

    @property
    def is_consuming(self) -> bool:
        """Whether events that arrive now would be handed on."""
        return self._source.is_consuming

    async def run(self, sink: Sink) -> None:
        """Hand events on (see `Source`)."""
        await self._source.run(partial(self._hand_on, sink))

    async def stop(self) -> None:
        """Hand on no more (see `Source`)."""
        await self._source.stop()

    async def close(self) -> None:
        """Let go (see `Source`), and export the last spans."""
        await self._source.close()
        await asyncio.to_thread(self._tracer.close)

    def _hand_on(self, sink: Sink, received: Received) -> None:
        envelope = received.envelope
        span = self._tracer.start(
            f"process {self._destination.name}",
            Kind.CONSUMER,
            messaging(
                "process",
                self._destination,
                envelope.event,
                routing_key=envelope.routing_key,
            ),
            envelope.event.attributes,
        )
        self._contexts.note(envelope.key, span.context)
        sink(
            replace(
                received,
                settle=partial(_settle, span, received.settle),
                reject=partial(_reject, span, received.reject),
            )
        )


class _TracedCallback:
    """The `Callback` that tells of its attempts."""

    def __init__(
        self,
        callback: Callback,
        tracer: "Tracer",
        destination: Destination,
        contexts: _Contexts,
    ) -> None:
        self._callback = callback
        self._tracer = tracer
        self._destination = destination
        self._contexts = contexts

    def check(self, spec: CallbackSpec) -> None:
        """Refuse a callback that could never work here (see `Callback`)."""
        self._callback.check(spec)

    def submit(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Start one attempt (see `Callback`)."""
        span = self._start(call)
        ended = partial(_ended, span, done)
        self._callback.submit(replace(call, trace=span.context or None), ended)

    def close(self) -> None:
        """End what is open (see `Callback`)."""
        self._callback.close()

    def _start(self, call: Call) -> "Span":
        envelope, spec = call.envelope, call.listener.callback
        if spec.url is None:
            exchange = replace(self._destination, name=spec.exchange or "", queue=None)
            name, kind = f"publish {exchange.name}", Kind.PRODUCER
            # the callback makes the routing key of this one, or has its own
            attributes = messaging("publish", exchange, envelope.event, routing_key="")
        else:
            name, kind = spec.method, Kind.CLIENT
            resends = call.attempt - 1
            attributes = http_client(spec.method, spec.url, resends=resends)
            if spec.format is not Format.CLOUDEVENTS_BATCH:  # of several events
                attributes |= cloud_event(envelope.event)
        attributes |= _of_delivery(call)
        parent = self._contexts.of(envelope.key, envelope.event)
        return self._tracer.start(name, kind, attributes, parent)


def _of_delivery(call: Call) -> dict[str, str | int]:
    return {
        f"{OWN}listener.id": call.listener.id,
        f"{OWN}delivery.id": call.delivery_id,
        f"{OWN}delivery.attempt": call.attempt,
    }


def _settle(span: "Span", settle: Callable[[], None]) -> None:
    settle()
    span.end()


def _reject(span: "Span", reject: Callable[[str], None], reason: str) -> None:
    reject(reason)
    span.end(error="unwritable")


def _ended(span: "Span", done: Callable[[Outcome], None], outcome: Outcome) -> None:
    known = {} if outcome.status is None else {_STATUS: outcome.status}
    span.end(known, error=error_type(outcome))
    done(outcome)


def error_type(outcome: Outcome) -> str | None:
    """Return an attempt's ``error.type``: a status, or how it ended; None: well."""
    if outcome.kind is OutcomeKind.SUCCEEDED:
        return None
    is_answer = outcome.kind in {OutcomeKind.REFUSED, OutcomeKind.GONE}
    if is_answer and outcome.status is not None:
        return str(outcome.status)
    return str(outcome.kind.value)
