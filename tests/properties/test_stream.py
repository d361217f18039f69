# SPDX-License-Identifier: Apache-2.0
"""What is read lean is what py-amqp reads, whatever was published, however it arrives."""

from struct import unpack_from
from types import SimpleNamespace

import pytest
from amqp import Message as AmqpMessage
from amqp.exceptions import FrameSyntaxError, UnexpectedFrame
from amqp.method_framing import frame_writer
from amqp.serialization import dumps
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.intake.acks import acks
from bridge.intake.frames import UNREADABLE, tolerant
from bridge.intake.message import Message, parted
from bridge.intake.properties import read_properties
from bridge.intake.stream import Stream

OURS, OTHER = 1, 2
DELIVER, RETURN, ACK = (60, 60), (60, 50), (60, 80)
FRAME_MAX = 4096

short = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
whole = st.integers(-(2**63), 2**63 - 1)
said = st.one_of(short, st.binary(max_size=40))
values = st.recursive(
    st.one_of(said, whole, st.booleans(), st.none(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(short, inner, max_size=3)
    ),
    max_leaves=6,
)
headers = st.one_of(
    st.dictionaries(short, short, max_size=6),  # as events have them
    st.dictionaries(st.one_of(short, st.binary(max_size=20)), values, max_size=6),
)
PROPERTIES = {
    **dict.fromkeys(
        (
            *("content_type", "content_encoding", "correlation_id", "reply_to"),
            *("expiration", "message_id", "type", "user_id", "app_id", "cluster_id"),
        ),
        said,
    ),
    "application_headers": headers,
    "delivery_mode": st.integers(1, 2),
    "priority": st.integers(0, 255),
    "timestamp": st.integers(0, 2**64 - 1),
}
properties = st.fixed_dictionaries({}, optional=PROPERTIES)
keys = st.one_of(
    st.text(max_size=30).map(lambda key: key.encode("utf-8", "surrogatepass")),
    st.binary(max_size=60),
)
bodies = st.one_of(
    st.binary(max_size=200),
    st.binary(min_size=1, max_size=9).map(lambda some: some * 1500),
)
messages = st.tuples(
    *(st.just(DELIVER), st.integers(1, 2**63), st.booleans()),
    *(keys, properties, bodies, st.sampled_from([OURS, OURS, OURS, OTHER])),
)
heartbeats = st.just(("heartbeat",))
answers = st.just(("ack",))
returned = st.just(("return",))


class Wire:
    """Writes frames as a broker does."""

    def __init__(self):
        self.sent = b""
        connection = SimpleNamespace(frame_max=FRAME_MAX, bytes_sent=0)
        self._write = frame_writer(connection, self)

    def write(self, data):
        self.sent += bytes(data)

    def put(self, what):
        match what:
            case ("heartbeat",):
                self.sent += b"\x08\x00\x00\x00\x00\x00\x00\xce"
            case ("ack",):
                self._write(1, OURS, ACK, dumps("Lb", (7, False)), None)
            case ("return",):
                arguments = dumps("Bsss", (312, "NO_ROUTE", "x", "k"))
                self._write(1, OURS, RETURN, arguments, AmqpMessage(b"back"))
            case (method, tag, is_repeat, key, members, body, channel):
                arguments = dumps("sLbs", ("bridge", tag, is_repeat, "x"))
                arguments += bytes([len(key)]) + key
                self._write(1, channel, method, arguments, AmqpMessage(body, **members))


def read_by_py_amqp(data):
    """Return our messages, and all else, as py-amqp has them."""
    found, others = [], []

    def on_method(channel, method, payload, content):
        if (channel, method) != (OURS, DELIVER):
            others.append((channel, method, bytes(payload)))
            return
        at = 5 + payload[4]
        (tag,) = unpack_from(">Q", payload, at)
        key_at = at + 10 + payload[at + 9]
        key = payload[key_at + 1 : key_at + 1 + payload[key_at]]
        known, theirs = parted(dict(content.properties))
        is_repeat = bool(payload[at + 8] & 1)
        text = key.decode("utf-8", "surrogatepass")
        body = bytes(content.body) if content.body_size else b""
        found.append(Message(tag, is_repeat, text, known, theirs, body))

    read = tolerant(SimpleNamespace(bytes_recv=0), on_method)
    for frame in frames_of(data):
        read(frame)
    return found, others


def frames_of(data):
    at = 0
    while at < len(data):
        kind, channel, size = unpack_from(">BHI", data, at)
        yield kind, channel, data[at + 7 : at + 7 + size]
        at += 8 + size


@settings(deadline=None)
@given(
    st.lists(st.one_of(messages, messages, heartbeats, answers, returned), max_size=8),
    st.lists(st.integers(1, 3000), max_size=12),
)
def test_the_same_messages_come_in_the_same_order(sent, pieces):
    wire = Wire()
    for what in sent:
        wire.put(what)
    found, others = [], []
    on_method = tolerant(
        SimpleNamespace(bytes_recv=0),
        lambda channel, method, payload, _: others.append(
            (channel, method, bytes(payload))
        ),
    )
    stream = Stream(OURS, found.extend, on_method)

    frames, at = 0, 0
    for piece in (*pieces, len(wire.sent)):
        frames += stream.feed(wire.sent[at : at + piece])
        at += piece

    assert (found, others) == read_by_py_amqp(wire.sent)
    assert frames == len(list(frames_of(wire.sent)))


@given(st.binary(max_size=80))
def test_properties_that_nobody_can_read_are_told_by_both(raw):
    wire = Wire()
    wire.put((DELIVER, 1, False, b"k", {}, b"body", OURS))
    deliver, header, body = frames_of(wire.sent)
    header = (*header[:2], header[2][:12] + raw)
    mine = []
    stream = Stream(OURS, mine.extend, lambda _: None)

    whole = b"".join(framed(one) for one in (deliver, header, body))
    stream.feed(whole)

    theirs, _ = read_by_py_amqp(whole)
    assert mine == theirs


def framed(frame):
    kind, channel, payload = frame
    head = bytes([kind]) + channel.to_bytes(2, "big") + len(payload).to_bytes(4, "big")
    return head + payload + b"\xce"


def test_what_is_no_amqp_is_refused():
    stream = Stream(OURS, print, print)

    with pytest.raises(FrameSyntaxError):
        stream.feed(b"\x01\x00\x01\x00\x00\x00\x01\x00HTTP/1.1 400")


def test_a_message_that_is_broken_off_is_refused():
    wire = Wire()
    wire.put((DELIVER, 1, False, b"k", {}, b"body", OURS))
    deliver, _, body = (framed(one) for one in frames_of(wire.sent))
    stream = Stream(OURS, print, print)

    with pytest.raises(UnexpectedFrame):
        stream.feed(deliver + body)


def test_texts_are_read_without_py_amqp():
    known, theirs = read_properties(
        AmqpMessage(
            message_id="1", timestamp=7, application_headers={"cloudEvents_id": "1"}
        )._serialize_properties()
    )

    assert known == {"message_id": "1", "timestamp": 7}
    assert theirs == {"cloudEvents_id": "1"}
    assert UNREADABLE not in theirs


@given(st.lists(st.integers(1, 2**63), max_size=5))
def test_acks_are_what_py_amqp_writes(tags):
    wire = Wire()
    for tag in tags:
        wire._write(1, OURS, ACK, dumps("Lb", (tag, False)), None)

    assert acks(OURS, tags) == wire.sent
