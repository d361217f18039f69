# SPDX-License-Identifier: Apache-2.0
"""Whatever arrives, it is an event or it is refused as none; nothing else happens."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import InvalidEvent
from notifier.event import Event, EventId
from notifier.event_types import expand
from notifier.wire import (
    encode_body,
    from_amqp,
    from_http,
    from_json,
    from_oslo,
    to_amqp,
)
from notifier.wire.body import MAX_BODY_BYTES, decode_json, encode_json
from notifier.wire.cloudevents import BATCH, STRUCTURED
from tests.properties.events import events, json_values

_members = (
    *("type", "timestamp", "data", "id", "source", "specversion", "time", "project"),
    *("execution", "task", "name", "root_id", "workbook", "subject", "state"),
    *("message_id", "event_type", "publisher_id", "payload", "oslo.message"),
    *("_context_request_id", "_context_tenant", "tenant_id", "nova_object.data"),
)
_words = st.sampled_from(
    ["task.failed", "execution.started", "1.0", "2026-11-24T02:10:00Z", "e1", "", "x.y"]
)
_nearly = st.recursive(
    _words | json_values,
    lambda inner: (
        st.dictionaries(st.sampled_from(_members), inner, max_size=8)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=25,
)
_bodies = st.binary(max_size=200) | _nearly.map(
    lambda value: json.dumps(value).encode()
)
_header_names = st.sampled_from(
    [f"{p}{m}" for p in ("cloudEvents_", "cloudEvents:", "ce-") for m in _members]
) | st.text(max_size=10)
_amqp_values = st.one_of(
    _words,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=5),
    st.just(datetime(2026, 11, 24, tzinfo=UTC)),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
_keys = st.none() | st.text(max_size=30) | st.just("task.failed.acme.-.-.-")
_contents = st.sampled_from(["application/json", STRUCTURED, BATCH, "", "text/plain;x"])


@given(_amqp_values, st.dictionaries(_header_names, _amqp_values), _bodies, _keys)
def test_a_message_is_an_event_or_invalid(message_id, headers, body, key):
    with contextlib.suppress(InvalidEvent):
        event = from_amqp({"message_id": message_id}, headers, body, key)
        to_amqp(event)


@given(_contents, st.dictionaries(_header_names, st.text(max_size=9)), _bodies)
def test_a_request_holds_events_or_is_invalid(content, headers, body):
    with contextlib.suppress(InvalidEvent):
        for event in from_http({**headers, "content-type": content}, body):
            encode_body(event)


@given(_bodies)
def test_a_notification_is_an_event_or_invalid(body):
    with contextlib.suppress(InvalidEvent):
        to_amqp(from_oslo({}, body))


@given(st.text(), st.text(), json_values)
def test_a_notification_of_any_type_is_an_event_or_invalid(event_type, publisher, more):
    message = {
        "message_id": "1",
        "event_type": event_type,
        "publisher_id": publisher,
        "timestamp": "2026-11-24 02:10:00",
        "payload": more,
    }
    with contextlib.suppress(InvalidEvent):
        to_amqp(from_oslo({}, json.dumps(message).encode()))


@given(_nearly)
def test_an_object_is_an_event_or_invalid(value):
    with contextlib.suppress(InvalidEvent):
        from_json(value)


@given(_nearly, _nearly, _nearly, _nearly)
def test_an_event_is_made_of_valid_parts_or_not_at_all(event_id, kind, data, more):
    with contextlib.suppress(InvalidEvent):
        Event(
            id=EventId(event_id),
            source="/engine",
            type=kind,
            time=datetime(2026, 11, 24, tzinfo=UTC),
            data=data,
            attributes={"sequence": more},
        )


@given(st.text(max_size=30))
def test_a_word_stands_for_events_or_is_invalid(word):
    with contextlib.suppress(InvalidEvent):
        assert expand(word)


@given(events(), st.data())
def test_a_message_that_was_cut_short_is_invalid(event, data):
    message = to_amqp(event)
    length = data.draw(st.integers(0, len(message.body) - 1))

    with pytest.raises(InvalidEvent):
        from_amqp(message.properties, message.headers, message.body[:length])


@given(json_values)
def test_what_is_written_as_json_can_be_read(value):
    assert decode_json(encode_json("data", value)) == value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"NaN", id="not a number"),
        pytest.param(b"-Infinity", id="infinity"),
        pytest.param(b"1e999", id="a float over 64 bits"),
        pytest.param(b"9223372036854775808", id="an integer over 64 bits"),
        pytest.param(b"9" * 100_000, id="a very long integer"),
        pytest.param(b'"\xff"', id="not UTF-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', id="a byte order mark"),
        pytest.param(rb'"\ud800"', id="half a surrogate pair"),
        pytest.param(b"[" * 65 + b"]" * 65, id="65 levels"),
        pytest.param(b"[" * 500_000, id="half a million levels"),
        pytest.param(b" " * MAX_BODY_BYTES + b"1", id="over 1 MiB"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_two_readers_may_understand_differently_is_refused(body):
    with pytest.raises(InvalidEvent) as refused:
        decode_json(body)

    assert refused.value.field == "body"


@pytest.mark.parametrize(
    "value",
    [float("nan"), 2**63, {"a": b"bytes"}, "\ud800", json.loads("[" * 65 + "]" * 65)],
    ids=["nan", "over 64 bits", "bytes", "surrogate", "65 levels"],
)
def test_what_could_not_be_read_back_is_not_written(value):
    event = Event.new("execution.started", execution="e1", payload=value)

    with pytest.raises(InvalidEvent):
        encode_body(event)
