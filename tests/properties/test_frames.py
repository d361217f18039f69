# SPDX-License-Identifier: Apache-2.0
"""The bytes that publish a message are what py-amqp would write for it."""

import pytest
from amqp import Message, spec
from amqp.method_framing import frame_writer
from amqp.serialization import dumps
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import InvalidEvent
from notifier.publishers.frames import encode
from notifier.publishers.outgoing import Outgoing

SHORT = st.text(max_size=60)
TEXTS = (
    *("content_type", "content_encoding", "correlation_id", "reply_to", "expiration"),
    *("message_id", "type", "user_id", "app_id", "cluster_id"),
)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(TEXTS, SHORT),
        "delivery_mode": st.sampled_from([1, 2]),
        "priority": st.integers(0, 255),
        "timestamp": st.integers(0, 2**63),
    },
)
VALUES = st.text() | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none()
HEADERS = st.dictionaries(SHORT, VALUES | st.lists(VALUES, max_size=3), max_size=5)
EXACT = st.sampled_from([4088, 4089, 8176, 8177])  # what fills one frame, or two
SIZES = EXACT | st.integers(4000, 13_000)
BODIES = st.binary(max_size=100) | SIZES.map(lambda size: b"x" * size)


class Written:
    """Stands for connection and transport; keeps what is written."""

    frame_max = 4096

    def __init__(self):
        self.bytes_sent = 0
        self.data = bytearray()

    def write(self, data):
        self.data += data


def by_py_amqp(message):
    written = Written()
    content = Message(
        message.body, application_headers=dict(message.headers), **message.properties
    )
    method = dumps("Bssbb", (0, message.exchange, message.routing_key, True, False))
    frame_writer(written, written)(1, 1, spec.Basic.Publish, method, content)
    return bytes(written.data)


def outgoing(**parts):
    usual = {"exchange": "x", "routing_key": "a.b", "body": b"{}", "headers": {}}
    return Outgoing(key="k", id="1", **{"properties": {}, **usual, **parts})


@given(exchange=SHORT, key=SHORT, body=BODIES, properties=PROPERTIES, headers=HEADERS)
def test_a_message_is_written_as_py_amqp_writes_it(
    exchange, key, body, properties, headers
):
    message = outgoing(
        exchange=exchange,
        routing_key=key,
        body=body,
        properties=properties,
        headers=headers,
    )

    assert encode(message) == by_py_amqp(message)


@pytest.mark.parametrize(
    "parts",
    [
        {"routing_key": "k" * 256},
        {"routing_key": "\ud800"},
        {"properties": {"message_id": "m" * 256}},
        {"properties": {"message_id": 7}},
        {"properties": {"delivery_mode": 256}},
        {"properties": {"timestamp": -1}},
        {"headers": {"h" * 256: "x"}},
        {"headers": {"h": object()}},
        {"headers": {"h": 2**64}},
    ],
    ids=",".join,
)
def test_what_fits_no_message_is_refused(parts):
    with pytest.raises(InvalidEvent, match="does not fit AMQP"):
        encode(outgoing(**parts))
