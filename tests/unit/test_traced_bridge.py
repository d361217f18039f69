# SPDX-License-Identifier: Apache-2.0
"""Spans of what a bridge takes in and attempts; none of it hurts."""

import asyncio
import re
from dataclasses import replace

import pytest

from bridge.callbacks.amqp import outgoing
from bridge.callbacks.direct.head import Head, event_lines, request_of
from bridge.callbacks.recording import RecordingCallback
from bridge.callbacks.request import headers_of
from bridge.callbacks.together import together
from bridge.intake.source import Received
from bridge.model import CallbackSpec, Format, Outcome, OutcomeKind
from bridge.service import tracing
from bridge.settings import BusSettings, Settings
from tests.calls import NOW, a_call, a_webhook
from tests.pages import Page
from tests.stored import an_envelope
from tests.traced import BUS, PARENT, SECOND, Spans, an_event, in_trace, traceparent

PAGE = Page("docs/how-to/tracing.md")


@pytest.fixture
def spans():
    return Spans()


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

    def take(self, *envelopes, end=lambda received: received.settle()):
        """Take events in, and record them at once, or end them otherwise."""
        source = self._tracing.source(self._source)
        self._source.handed = [
            Received(one, is_repeat=False, settle=list, reject=str) for one in envelopes
        ]
        asyncio.run(source.run(end))

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


def test_an_attempt_is_under_what_took_the_event_in(spans):
    bridge = Bridge(spans.tracer, answer())
    call = a_call(a_webhook(), event=an_event(traceparent=PARENT))

    bridge.take(call.envelope)
    handed = bridge.attempt(call)

    taken, attempt = spans()
    assert (taken.name, attempt.name) == ("process workflow.events", "POST")
    assert in_trace(taken, PARENT)
    assert in_trace(attempt, traceparent(taken))
    assert handed.trace == {"traceparent": traceparent(attempt)}


def test_an_attempt_at_an_event_of_long_ago_is_under_what_told_of_it(
    spans, monkeypatch
):
    monkeypatch.setattr(tracing, "MAX_KNOWN", 2)
    bridge = Bridge(spans.tracer, answer())
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
def test_an_attempt_tells_how_it_ended(spans, outcome, error, status):
    Bridge(spans.tracer, outcome).attempt(a_call(a_webhook()))

    (span,) = spans()
    assert span.attributes.get("error.type") == error
    assert span.attributes.get("http.response.status_code") == status
    assert span.status.is_ok is (error is None)


def test_an_event_that_is_set_aside_tells_so(spans):
    bridge = Bridge(spans.tracer, answer())

    bridge.take(an_envelope(), end=lambda received: received.reject("too large"))

    (span,) = spans()
    assert span.attributes["error.type"] == "unwritable"
    assert not span.status.is_ok


def test_the_page_names_every_way_in_which_something_fails():
    kinds = set(OutcomeKind) - {OutcomeKind.SUCCEEDED, OutcomeKind.GONE}  # by status
    named = {tracing.error_type(answer(kind, None)) for kind in kinds} | {"unwritable"}
    (line,) = [
        one
        for one in " ".join(PAGE.text.split()).split(" - ")
        if one.startswith("`error.type`")
    ]

    assert named | {"error.type", "Unroutable"} == set(re.findall("`(.+?)`", line))


def test_an_attempt_at_a_batch_follows_its_first_event(spans):
    bridge = Bridge(spans.tracer, answer())
    first, second = an_envelope("1"), an_envelope("2")
    call = a_call(a_webhook(format=Format.CLOUDEVENTS_BATCH))

    bridge.take(first, second)
    bridge.attempt(replace(call, envelope=together([first, second])))

    taken, _, attempt = spans()
    assert in_trace(attempt, traceparent(taken))


def test_an_attempt_at_a_batch_tells_of_no_single_event(spans):
    spec = a_webhook(format=Format.CLOUDEVENTS_BATCH)

    Bridge(spans.tracer, answer()).attempt(a_call(spec))

    (span,) = spans()
    assert not [name for name in span.attributes if name.startswith("cloudevents.")]


def test_an_attempt_through_an_exchange_is_a_message(spans):
    spec = CallbackSpec("amqp", None, exchange="audit")

    Bridge(spans.tracer, answer(status=None)).attempt(a_call(spec))

    (span,) = spans()
    assert span.name == "publish audit"
    assert span.attributes["messaging.destination.name"] == "audit"


def test_a_tracer_that_breaks_costs_no_attempt(spans):
    spans.break_down()
    bridge = Bridge(spans.tracer, answer())
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
