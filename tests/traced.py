# SPDX-License-Identifier: Apache-2.0
"""Spans that stay in this process, to be looked at."""

from datetime import timedelta

from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from notifier.conventions import RABBITMQ, Destination
from notifier.event import Event
from notifier.tracing import Tracer

BUS = Destination(RABBITMQ, "workflow.events", "amqp://127.0.0.1/")
SECOND = timedelta(seconds=1)
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Spans:
    """What makes spans, and what they were.

    Attributes:
        provider: As an engine has one of its own.
    """

    def __init__(self):
        self.provider = TracerProvider()
        self.tracer = Tracer(self.provider, is_own=False)
        self._exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def __call__(self):
        """Return those that have ended, in that order."""
        return self._exporter.get_finished_spans()

    def current(self, name):
        """Be at something that is traced; a context manager."""
        return self.provider.get_tracer("engine").start_as_current_span(name)

    def break_down(self):
        """Have every span raise from now on."""
        self.provider.add_span_processor(_Broken())


class _Broken(SpanProcessor):
    """What somebody else's exporter may do."""

    def on_start(self, *_, **__):
        raise RuntimeError("no room")

    def on_end(self, *_):
        raise RuntimeError("no room")


def an_event(event_id="1", **attributes):
    return Event.new(
        "task.failed",
        event_id=event_id,
        execution="e1",
        task="t",
        attributes=attributes,
    )


def traceparent(span):
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"


def is_of(context, span):
    """Tell whether a context is that of a span, whatever its flags."""
    return context["traceparent"][:-2] == traceparent(span)[:-2]


def in_trace(span, header):
    """Tell whether a span follows what a header names."""
    _, trace_id, span_id, _ = header.split("-")
    return (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (
        trace_id,
        span_id,
    )
