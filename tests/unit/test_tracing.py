# SPDX-License-Identifier: Apache-2.0
"""Spans of what is published, taken in and attempted; none of it hurts."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bridge.callbacks.amqp import outgoing
from bridge.callbacks.direct.head import Head, event_lines, request_of
from bridge.callbacks.recording import RecordingCallback
from bridge.callbacks.request import headers_of
from bridge.intake.source import Received
from bridge.model import CallbackSpec, Format, Outcome, OutcomeKind
from bridge.service import tracing
from bridge.settings import BusSettings, Settings
from notifier.connection import open_publisher
from notifier.conventions import RABBITMQ, Destination
from notifier.errors import Unroutable
from notifier.event import Event
from notifier.notifier import Notifier
from notifier.publishers.caller import Caller
from notifier.publishers.memory import MemoryPublisher
from notifier.publishers.traced import carrying, traced
from notifier.settings import Settings as NotifierSettings
from notifier.tracing import Tracer, open_tracer
from tests.calls import NOW, a_call, a_webhook
from tests.collector import Collector
from tests.pages import Page
from tests.servers.processes import free_port
from tests.stored import an_envelope

BUS = Destination(RABBITMQ, "workflow.events", "amqp://127.0.0.1/")
SECOND = timedelta(seconds=1)
PATIENCE_SECONDS = 5
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def provider():
    return TracerProvider()


@pytest.fixture
def tracer(provider):
    return Tracer(provider, is_own=False)


@pytest.fixture
def spans(provider):
    """Returns what has ended, in that order."""
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter.get_finished_spans


@pytest.fixture
def bus():
    return MemoryPublisher()


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


def told(queue):
    return queue.get(SECOND).event


def in_trace(span, header):
    """Tell whether a span follows what a header names."""
    _, trace_id, span_id, _ = header.split("-")
    return (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (
        trace_id,
        span_id,
    )


class Broken(SpanProcessor):
    """What somebody else's exporter may do."""

    def on_start(self, *_, **__):
        raise RuntimeError("no room")

    def on_end(self, *_):
        raise RuntimeError("no room")


class Failing(MemoryPublisher):
    """Brings events to nobody."""

    def publish(self, events, **_):
        raise Unroutable("no queue", [events[0].id])


def test_an_event_carries_the_context_of_its_own_span(bus, tracer, spans):
    queue = bus.queue("#")

    traced(bus, tracer, BUS).publish([an_event()], timeout=SECOND)

    (span,) = spans()
    assert span.name == "publish workflow.events"
    assert span.parent is None
    assert is_of(told(queue).attributes, span)


def test_its_span_follows_what_the_caller_is_at(bus, provider, tracer, spans):
    bus.queue("#")

    with provider.get_tracer("engine").start_as_current_span("run"):
        traced(bus, tracer, BUS).publish([an_event()], timeout=SECOND)

    published, run = spans()
    assert in_trace(published, traceparent(run))


def test_its_span_follows_what_the_event_names_before_all_else(
    bus, provider, tracer, spans
):
    queue = bus.queue("#")
    event = an_event(traceparent=PARENT, tracestate="a=1", sequence="7")

    with provider.get_tracer("engine").start_as_current_span("relay"):
        traced(bus, tracer, BUS).publish([event], timeout=SECOND)

    published, _ = spans()
    assert in_trace(published, PARENT)
    assert told(queue).attributes == {
        "traceparent": traceparent(published),
        "tracestate": "a=1",
        "sequence": "7",
    }


def test_an_event_for_the_outbox_takes_the_context_along(bus, provider):
    page = Page("docs/how-to/tracing.md")
    with (
        provider.get_tracer("engine").start_as_current_span("run") as run,
        Notifier(bus) as notifier,
    ):
        names = {"notifier": notifier}
        exec(page.block("python outbox"), names)  # noqa: S102 - it is ours

    assert is_of(names["event"].attributes, run)


def test_what_a_broker_refuses_is_an_error_of_those_events_only(tracer, spans):
    events = [an_event("1"), an_event("2")]

    with pytest.raises(Unroutable):
        traced(Failing(), tracer, BUS).publish(events, timeout=SECOND)

    assert [one.attributes.get("error.type") for one in spans()] == ["Unroutable", None]
    assert [one.status.is_ok for one in spans()] == [False, True]


def test_a_publisher_that_waits_for_answers_still_does(bus, tracer, spans):
    bus.queue("#")
    publisher = traced(bus, tracer, BUS)

    assert isinstance(publisher, Caller)
    assert publisher.call(an_event(), timeout=timedelta(milliseconds=20)) is None
    assert [one.name for one in spans()] == ["publish workflow.events"]


def test_a_context_that_fits_no_event_is_left_out():
    event = carrying(
        an_event(), {"traceparent": PARENT, "tracestate": "a=" + "b" * 2000}
    )

    assert event.attributes == {"traceparent": PARENT}


def test_a_tracer_that_breaks_costs_no_event(bus, provider, tracer):
    provider.add_span_processor(Broken())
    queue = bus.queue("#")

    with Notifier(traced(bus, tracer, BUS), on_error="raise") as notifier:
        assert notifier.task_failed("charge", execution="e1")

    assert told(queue).task_name == "charge"


@pytest.mark.parametrize("status", [400, None])
def test_a_collector_that_takes_nothing_costs_no_event(bus, monkeypatch, status):
    with Collector(status) as collector:
        environment = collector.environment
        if status is None:
            url = f"http://127.0.0.1:{free_port()}"
            environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = url
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("notifier.tracing.CLOSE_SECONDS", 0.2)
        bus.queue("#")
        notifier = Notifier(traced(bus, open_tracer("engine"), BUS))

        assert notifier.task_failed("charge", execution="e1")

        began = time.monotonic()
        notifier.close()
        assert time.monotonic() - began < PATIENCE_SECONDS


def test_a_publisher_tells_nothing_unless_it_is_switched_on():
    url = "http://127.0.0.1:9"
    plain = open_publisher(NotifierSettings(), url)
    telling = open_publisher(NotifierSettings(spans="otlp"), url)
    telling.close()

    assert type(plain).__name__ == "HttpPublisher"
    assert type(telling).__name__ == "TracedCaller"


def test_a_bridge_that_is_switched_off_is_as_it_is_without():
    source, callbacks = object(), {"http": object()}
    off = tracing.Tracing.of(Settings(bus=BusSettings("amqp://127.0.0.1/")))

    assert off.source(source) is source
    assert off.callbacks(callbacks) is callbacks


class Bridge:
    """What a bridge does with spans: takes in, and attempts."""

    def __init__(self, tracer, answer):
        self._tracing = tracing.Tracing(tracer, BUS)
        self._source = Handing()
        self._answer = answer

    def take(self, *envelopes):
        """Take events in, and record them at once."""
        source = self._tracing.source(self._source)
        self._source.handed = [
            Received(one, is_repeat=False, settle=list, reject=str) for one in envelopes
        ]
        asyncio.run(source.run(lambda received: received.settle()))

    def attempt(self, call):
        """Attempt once; return the call as the callback was handed it."""
        return asyncio.run(self._attempt(call))

    async def _attempt(self, call):
        loop = asyncio.get_running_loop()
        plain = RecordingCallback(loop, lambda _: self._answer)
        ended = loop.create_future()
        callback = self._tracing.callbacks({"http": plain})["http"]
        callback.submit(call, ended.set_result)
        await ended
        (call,) = plain.calls
        return call


class Handing:
    """A source of what it is given."""

    handed = ()

    async def run(self, sink):
        for received in self.handed:
            sink(received)


def answer(kind=OutcomeKind.SUCCEEDED, status=204):
    return Outcome(kind, NOW, SECOND, status)


def test_an_attempt_is_under_what_took_the_event_in(tracer, spans):
    bridge = Bridge(tracer, answer())
    call = a_call(a_webhook(), event=an_event(traceparent=PARENT))

    bridge.take(call.envelope)
    handed = bridge.attempt(call)

    taken, attempt = spans()
    assert (taken.name, attempt.name) == ("process workflow.events", "POST")
    assert in_trace(taken, PARENT)
    assert in_trace(attempt, traceparent(taken))
    assert handed.trace == {"traceparent": traceparent(attempt)}


def test_an_attempt_at_an_event_of_long_ago_is_under_what_told_of_it(
    tracer, spans, monkeypatch
):
    monkeypatch.setattr(tracing, "MAX_KNOWN", 2)
    bridge = Bridge(tracer, answer())
    call = a_call(a_webhook(), event=an_event(traceparent=PARENT))

    bridge.take(call.envelope, an_envelope("2"), an_envelope("3"))
    bridge.attempt(call)

    assert in_trace(spans()[-1], PARENT)


@pytest.mark.parametrize(
    ("outcome", "error", "status"),
    [
        (answer(), None, 204),
        (answer(OutcomeKind.REFUSED, 503), "503", 503),
        (answer(OutcomeKind.GONE, 410), "410", 410),
        (answer(OutcomeKind.TIMED_OUT, None), "timed_out", None),
        (answer(OutcomeKind.FAILED, 200), "failed", 200),
    ],
)
def test_an_attempt_tells_how_it_ended(tracer, spans, outcome, error, status):
    Bridge(tracer, outcome).attempt(a_call(a_webhook()))

    (span,) = spans()
    assert span.attributes.get("error.type") == error
    assert span.attributes.get("http.response.status_code") == status
    assert span.status.is_ok is (error is None)


def test_an_attempt_through_an_exchange_is_a_message(tracer, spans):
    spec = CallbackSpec("amqp", None, exchange="audit")

    Bridge(tracer, answer(status=None)).attempt(a_call(spec))

    (span,) = spans()
    assert span.name == "publish audit"
    assert span.attributes["messaging.destination.name"] == "audit"


def test_a_tracer_that_breaks_costs_no_attempt(provider, tracer):
    provider.add_span_processor(Broken())
    bridge = Bridge(tracer, answer())
    call = a_call(a_webhook(), event=an_event(traceparent=PARENT))

    bridge.take(call.envelope)

    assert bridge.attempt(call).trace is None


@pytest.mark.parametrize("form", Format)
def test_every_way_of_sending_carries_the_context_of_the_attempt(form):
    event = an_event(traceparent=PARENT)
    plain = a_call(a_webhook(format=form), event=event)
    own = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    call = replace(plain, trace={"traceparent": own})

    general = headers_of(call, timestamp=1, user_agent="b")
    head = Head.of(call.listener, "b")
    direct = request_of(head, event_lines(call.envelope), call, 1)
    message = outgoing(replace(call, listener=an_exchange_of(call.listener)))

    assert general["traceparent"] == message.headers["traceparent"] == own
    lines = direct.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert [one for one in lines if "traceparent" in one] == [f"traceparent: {own}"]


def an_exchange_of(listener):
    spec = replace(listener.callback, type="amqp", exchange="audit")
    return replace(listener, callback=spec)
