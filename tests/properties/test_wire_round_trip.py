# SPDX-License-Identifier: Apache-2.0
"""Whatever way an event travels, the same event arrives."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.wire import (
    ce_headers,
    encode_body,
    from_amqp,
    from_cloudevent,
    from_http,
    from_oslo,
    to_amqp,
    to_cloudevent,
    to_notification,
)
from notifier.wire.amqp import PREFIX, READ_PREFIXES
from notifier.wire.cloudevents import BATCH, STRUCTURED, structured
from tests.properties.events import events


def _headers(event: Event) -> dict[str, str]:
    return {"content-type": "application/json", **ce_headers(event)}


@given(events())
def test_an_event_survives_amqp(event):
    message = to_amqp(event)

    arrived = from_amqp(
        message.properties, message.headers, message.body, message.routing_key
    )

    assert arrived == event


@given(events())
def test_every_prefix_that_is_in_use_is_read(event):
    message = to_amqp(event)
    for prefix in READ_PREFIXES:
        headers = {
            name.replace(PREFIX, prefix, 1): value
            for name, value in message.headers.items()
        }

        assert from_amqp(message.properties, headers, message.body) == event


@given(events())
def test_an_event_survives_http(event):
    assert from_http(_headers(event), encode_body(event)) == [event]


@given(events())
def test_headers_of_http_are_printable_ascii(event):
    text = "".join(ce_headers(event).values())

    assert text.isascii()
    assert text.isprintable()


@given(events())
def test_an_event_survives_structured_cloudevents(event):
    written = json.dumps(to_cloudevent(event)).encode()

    assert from_cloudevent(json.loads(written)) == event
    assert from_http({"content-type": STRUCTURED}, written) == [event]


@given(events())
def test_the_object_made_of_a_received_body_is_the_same(event):
    made = structured(event, encode_body(event), {})

    assert json.loads(made) == to_cloudevent(event)


@given(events(), events())
def test_events_survive_a_batch_in_order(first, second):
    body = json.dumps([to_cloudevent(first), to_cloudevent(second)]).encode()

    assert from_http({"content-type": BATCH}, body) == [first, second]


@given(events())
def test_an_event_survives_oslo_messaging(event):
    notification = json.dumps(to_notification(event))
    enveloped = {"oslo.version": "2.0", "oslo.message": notification}

    assert from_oslo({}, json.dumps(enveloped).encode()) == event
    assert from_oslo({}, notification.encode()) == event


@given(events())
def test_webhook_and_bus_carry_the_same_bytes(event):
    body = to_amqp(event).body
    arrived = from_amqp({}, to_amqp(event).headers, body)

    assert encode_body(arrived) == body


@given(events())
def test_a_header_that_disagrees_sets_the_message_aside(event):
    message = to_amqp(event)
    for name, other in (("project", "elsewhere"), ("type", "task.other")):
        headers = {**message.headers, PREFIX + name: other}

        with pytest.raises(InvalidEvent) as refused:
            from_amqp(message.properties, headers, message.body)
        assert refused.value.field == name


@given(events())
def test_a_routing_key_of_another_project_sets_the_message_aside(event):
    message = to_amqp(event)
    other = to_amqp(replace(event, data={**event.data, "project": "elsewhere"}))

    with pytest.raises(InvalidEvent) as refused:
        from_amqp(message.properties, message.headers, message.body, other.routing_key)
    assert refused.value.field == "project"
