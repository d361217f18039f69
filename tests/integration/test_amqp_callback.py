# SPDX-License-Identifier: Apache-2.0
"""Telling listeners by a real RabbitMQ: where to, with what, and never in circles."""

import asyncio
import hashlib

import pytest

from bridge.callbacks.amqp import HOPS, ID_HEADER, MAX_HOPS, AmqpCallback
from bridge.errors import Invalid
from bridge.model import CallbackSpec, OutcomeKind
from notifier.publishers.dial import client_of
from notifier.topology import MAX_KEY_BYTES
from notifier.wire import from_amqp
from tests.calls import a_call, an_event
from tests.contract.exchanges import BOUND, QUEUE, UNBOUND, senders, to
from tests.loops import on_loop

OWN = "acme.events"
MISSING = "is missing; the default exchange is never published to"
OUR_OWN = "{} is the events' own; take another exchange"
NOT_ALLOWED = (
    "{0} is not allowed; an operator can allow it: [callbacks] amqp_exchanges = {0}"
)
ALLOWED = frozenset({BOUND, UNBOUND, OWN, "workflow.events.other", "nowhere"})


@pytest.fixture
def sender(amqp_url):
    with senders(amqp_url) as sender:
        yield sender


@pytest.fixture
def arrived(amqp_url):
    """Returns the one message that arrived."""

    def arrived():
        connection = client_of(amqp_url).transport.establish_connection()
        message = connection.channel().basic_get(QUEUE, no_ack=True)
        connection.close()
        return message

    return arrived


def a_callback(sender):
    return AmqpCallback(
        asyncio.get_running_loop(), sender, exchanges=ALLOWED, own_exchange=OWN
    )


async def told(sender, call):
    """Make one attempt and return its outcome."""
    callback = a_callback(sender)
    outcome = asyncio.get_running_loop().create_future()
    callback.submit(call, outcome.set_result)
    try:
        return await outcome
    finally:
        callback.close()


@on_loop
async def test_an_event_arrives_as_it_came_with_what_the_bridge_adds(sender, arrived):
    call = a_call(to(BOUND))

    outcome = await told(sender, call)

    message = arrived()
    assert (outcome.kind, outcome.error) == (OutcomeKind.SUCCEEDED, None)
    assert bytes(message.body) == call.envelope.body
    assert message.headers[ID_HEADER] == call.delivery_id
    assert message.properties["delivery_mode"] == 2
    key = message.delivery_info["routing_key"]
    assert key == f"acme.{call.envelope.routing_key}"
    event = from_amqp(message.properties, message.headers, bytes(message.body))
    assert event.attributes[HOPS] == "1"
    assert (event.id, event.data) == (call.envelope.event.id, call.envelope.event.data)


@on_loop
async def test_a_listeners_own_routing_key_follows_its_project(sender, arrived):
    await told(sender, a_call(to(BOUND, routing_key="pager.now")))

    assert arrived().delivery_info["routing_key"] == "acme.pager.now"


@on_loop
async def test_a_key_that_is_too_long_is_cut_and_told_apart(sender, arrived):
    key = "ü" * 200
    whole = f"acme.{key}".encode()

    outcome = await told(sender, a_call(to(BOUND, routing_key=key)))

    assert outcome.kind is OutcomeKind.SUCCEEDED
    sent = arrived().delivery_info["routing_key"].encode()
    ending = b"~" + hashlib.sha256(whole).hexdigest()[:8].encode()
    assert MAX_KEY_BYTES - 1 <= len(sent) <= MAX_KEY_BYTES
    assert sent.endswith(ending)
    assert whole.startswith(sent.removesuffix(ending))


@on_loop
async def test_an_exchange_without_a_queue_refuses(sender):
    outcome = await told(sender, a_call(to(UNBOUND)))

    assert outcome.kind is OutcomeKind.REFUSED
    assert "no queue" in outcome.error


@on_loop
async def test_an_exchange_that_is_not_there_refuses(sender):
    outcome = await told(sender, a_call(to("nowhere")))

    assert outcome.kind is OutcomeKind.REFUSED
    assert "nowhere" in outcome.error


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (None, MISSING),
        ("", MISSING),
        ("other", NOT_ALLOWED.format("other")),
        ("workflow.events", OUR_OWN.format("workflow.events")),
        ("workflow.events.other", OUR_OWN.format("workflow.events.other")),
        (OWN, OUR_OWN.format(OWN)),
    ],
)
@on_loop
async def test_an_exchange_that_may_not_be_is_refused_before_and_at_the_attempt(
    sender, exchange, reason
):
    spec = CallbackSpec("amqp", exchange=exchange)
    callback = a_callback(sender)

    with pytest.raises(Invalid) as caught:
        callback.check(spec)
    outcome = await told(sender, a_call(spec))

    callback.close()
    assert (caught.value.field, caught.value.reason) == ("callback.exchange", reason)
    assert (outcome.kind, outcome.error) == (OutcomeKind.BLOCKED, reason)


@pytest.mark.parametrize("key", ["", "a b", "a.*", "#", "x" * 256, "a\n"])
@on_loop
async def test_a_routing_key_that_cannot_be_is_refused(key):
    callback = a_callback(sender=object())

    with pytest.raises(Invalid, match="routing_key: must be 1 to 255"):
        callback.check(to(BOUND, routing_key=key))

    callback.close()


@on_loop
async def test_without_a_broker_it_is_refused_before_and_at_the_attempt():
    callback = a_callback(sender=None)

    with pytest.raises(Invalid, match="an operator sets"):
        callback.check(to(BOUND))
    outcome = await told(None, a_call(to(BOUND)))

    callback.close()
    assert outcome.kind is OutcomeKind.BLOCKED
    assert outcome.error == "this bridge has no broker"


@pytest.mark.parametrize(
    ("hops", "kind"),
    [
        (MAX_HOPS - 1, OutcomeKind.SUCCEEDED),
        (MAX_HOPS, OutcomeKind.BLOCKED),
        ("9" * 1000, OutcomeKind.BLOCKED),
        ("²", OutcomeKind.BLOCKED),
    ],
    ids=["one-more", "enough", "endless", "odd"],
)
@on_loop
async def test_a_circle_of_exchanges_and_listeners_ends(sender, hops, kind):
    event = an_event(attributes={HOPS: str(hops)})

    outcome = await told(sender, a_call(to(BOUND), event=event))

    assert outcome.kind is kind
    if kind is OutcomeKind.BLOCKED:
        assert "this is a loop" in outcome.error


@on_loop
async def test_a_fault_of_our_own_is_told_and_ends_the_attempt():
    outcome = await told(object(), a_call(to(BOUND)))

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error == "the bridge failed: AttributeError"
