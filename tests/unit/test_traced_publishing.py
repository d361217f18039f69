# SPDX-License-Identifier: Apache-2.0
"""Spans of what is published; none of it hurts."""

import os
import time
from datetime import timedelta

import pytest

from notifier.connection import open_publisher
from notifier.conventions import messaging
from notifier.errors import Unroutable
from notifier.notifier import Notifier
from notifier.publishers.caller import Caller
from notifier.publishers.memory import MemoryPublisher
from notifier.publishers.traced import carrying, traced
from notifier.settings import Settings
from notifier.tracing import open_tracer
from tests.collector import Collector
from tests.pages import Page
from tests.servers.processes import free_port
from tests.traced import (
    BUS,
    PARENT,
    SECOND,
    Spans,
    an_event,
    in_trace,
    is_of,
    traceparent,
)

PATIENCE_SECONDS = 5


@pytest.fixture
def spans():
    return Spans()


@pytest.fixture
def bus():
    return MemoryPublisher()


def told(queue):
    return queue.get(SECOND).event


class Failing(MemoryPublisher):
    """Brings events to nobody."""

    def publish(self, events, **_):
        raise Unroutable("no queue", [events[0].id])


def test_an_event_carries_the_context_of_its_own_span(bus, spans):
    queue = bus.queue("#")

    traced(bus, spans.tracer, BUS).publish([an_event()], timeout=SECOND)

    (span,) = spans()
    assert span.name == "publish workflow.events"
    assert span.parent is None
    assert is_of(told(queue).attributes, span)


def test_its_span_follows_what_the_caller_is_at(bus, spans):
    bus.queue("#")

    with spans.current("run"):
        traced(bus, spans.tracer, BUS).publish([an_event()], timeout=SECOND)

    published, run = spans()
    assert in_trace(published, traceparent(run))


def test_its_span_follows_what_the_event_names_before_all_else(bus, spans):
    queue = bus.queue("#")
    event = an_event(traceparent=PARENT, tracestate="a=1", sequence="7")

    with spans.current("relay"):
        traced(bus, spans.tracer, BUS).publish([event], timeout=SECOND)

    published, _ = spans()
    assert in_trace(published, PARENT)
    assert told(queue).attributes == {
        "traceparent": traceparent(published),
        "tracestate": "a=1",
        "sequence": "7",
    }


def test_an_event_for_the_outbox_takes_the_context_along(bus, spans):
    page = Page("docs/how-to/tracing.md")
    with (
        spans.current("run") as run,
        Notifier(bus) as notifier,
    ):
        names = {"notifier": notifier}
        exec(page.block("python outbox"), names)  # noqa: S102 - it is ours

    assert is_of(names["event"].attributes, run)


def test_what_a_broker_refuses_is_an_error_of_those_events_only(spans):
    events = [an_event("1"), an_event("2")]

    with pytest.raises(Unroutable):
        traced(Failing(), spans.tracer, BUS).publish(events, timeout=SECOND)

    assert [one.attributes.get("error.type") for one in spans()] == ["Unroutable", None]
    assert [one.status.is_ok for one in spans()] == [False, True]


def test_a_publisher_that_waits_for_answers_still_does(bus, spans):
    bus.queue("#")
    publisher = traced(bus, spans.tracer, BUS)

    assert isinstance(publisher, Caller)
    assert publisher.call(an_event(), timeout=timedelta(milliseconds=20)) is None
    assert [one.name for one in spans()] == ["publish workflow.events"]


def test_a_context_that_fits_no_event_is_left_out():
    event = carrying(
        an_event(), {"traceparent": PARENT, "tracestate": "a=" + "b" * 2000}
    )

    assert event.attributes == {"traceparent": PARENT}


def test_a_tracer_that_breaks_costs_no_event(bus, spans):
    spans.break_down()
    queue = bus.queue("#")

    with Notifier(traced(bus, spans.tracer, BUS), on_error="raise") as notifier:
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


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_exports_its_own_spans(bus, monkeypatch):
    bus.queue("#")
    with Collector() as collector:
        for name, value in collector.environment.items():
            monkeypatch.setenv(name, value)
        publisher = traced(bus, open_tracer("engine"), BUS)
        publisher.publish([an_event("before")], timeout=SECOND)
        collector.wait_until(lambda spans: len(spans) == 1)

        child = os.fork()
        if child == 0:
            try:
                publisher.publish([an_event("child")], timeout=SECOND)
                publisher.close()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        publisher.publish([an_event("parent")], timeout=SECOND)
        publisher.close()

        spans = collector.wait_until(lambda spans: len(spans) == 3)
    assert [one.attributes["messaging.message.id"] for one in spans] == [
        *("before", "child", "parent"),
    ]


def test_a_publisher_tells_nothing_unless_it_is_switched_on():
    url = "http://127.0.0.1:9"
    plain = open_publisher(Settings(), url)
    telling = open_publisher(Settings(spans="otlp"), url)
    telling.close()

    assert type(plain).__name__ == "HttpPublisher"
    assert type(telling).__name__ == "TracedCaller"


@pytest.mark.parametrize(("named", "name"), [(None, "notifier"), ("shop", "shop")])
def test_a_service_has_its_name_unless_the_environment_has_another(
    monkeypatch, named, name
):
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    if named is not None:
        monkeypatch.setenv("OTEL_SERVICE_NAME", named)
    tracer = open_tracer("notifier")
    tracer.close()

    assert tracer._provider.resource.attributes["service.name"] == name


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("rabbit://me:pw@mq/v", ("rabbitmq", "workflow.events", "mq", 5672)),
        ("oslo+rabbit://mq:5673/", ("oslo_messaging", "workflow_events", "mq", 5673)),
        ("http://mq", ("workflow_notifier", "workflow.events", "mq", 80)),
    ],
)
def test_a_span_tells_where_an_event_really_goes(url, told):
    publisher = open_publisher(Settings(spans="otlp"), url)
    publisher.close()
    destination = publisher._destination

    attributes = messaging(
        "publish", destination, an_event(), routing_key="task.failed"
    )
    key = "messaging.rabbitmq.destination.routing_key"
    names = ("messaging.system", "messaging.destination.name")
    names += ("server.address", "server.port")

    assert tuple(attributes[name] for name in names) == told
    assert (key in attributes) is (told[0] == "rabbitmq")
