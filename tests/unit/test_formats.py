# SPDX-License-Identifier: Apache-2.0
"""What an event looks like where it arrives, by each way of telling a listener."""

import json
from datetime import UTC, datetime

import pytest

from bridge.callbacks.amqp import HOPS, ID_HEADER, outgoing
from bridge.callbacks.direct.head import Head, event_lines, request_of
from bridge.callbacks.request import body_of, headers_of
from bridge.model import Call, CallbackSpec, Format, delivery_id
from bridge.verify import verify
from notifier import wire
from notifier.event import Event
from tests.pages import Page
from tests.stored import SECRET, a_listener, an_envelope

EVENTS = "docs/reference/events.md"
TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def a_call(form, **spec):
    spec = {"type": "http", "url": "http://127.0.0.1:9/hook", **spec}
    listener = a_listener(callback=CallbackSpec(format=form, **spec))
    envelope = an_envelope(attributes=TRACE)
    number = delivery_id(*envelope.key, listener.id)
    return Call(number, 1, listener, envelope)


def by_the_direct_client(call):
    """Return headers, by names in lower case, and body of its request."""
    lines = event_lines(call.envelope)
    request = request_of(Head.of(call.listener, "bridge/1"), lines, call, 1700000000)
    head, _, body = request.partition(b"\r\n\r\n")
    _, *pairs = head.decode().split("\r\n")
    return {k.lower(): v for k, v in (one.split(": ", 1) for one in pairs)}, body


@pytest.mark.parametrize("form", Format)
def test_both_clients_send_the_same(form):
    call = a_call(form)

    headers, body = by_the_direct_client(call)

    general = headers_of(call, timestamp=1700000000, user_agent="bridge/1")
    own = {"host": "127.0.0.1:9", "content-length": str(len(body))}
    assert headers == {name.lower(): one for name, one in general.items()} | own
    assert body == body_of(call)
    verify(SECRET, headers, body, now=datetime.fromtimestamp(1700000000, UTC))


def test_a_structured_webhook_holds_the_event_in_one_object():
    call = a_call(Format.CLOUDEVENTS)

    headers, body = by_the_direct_client(call)

    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["traceparent"] == TRACE["traceparent"]
    assert not [name for name in headers if name.startswith("ce-")]
    assert json.loads(body) == wire.to_cloudevent(call.envelope.event)


def test_a_structured_message_says_who_passed_it_on():
    call = a_call(Format.CLOUDEVENTS, type="amqp", url=None, exchange="audit")

    message = outgoing(call)

    found = json.loads(message.body)
    assert message.properties["content_type"] == "application/cloudevents+json"
    assert message.headers == {**TRACE, ID_HEADER: call.delivery_id}
    assert (found[HOPS], found["project"]) == ("1", call.listener.project)
    assert found["data"] == json.loads(call.envelope.body)


def test_the_object_in_the_page_is_an_event():
    page = json.loads(Page(EVENTS).block("json cloudevents"))

    event = wire.from_cloudevent(page)

    assert isinstance(event, Event)
    assert wire.to_cloudevent(event) == page
