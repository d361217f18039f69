# SPDX-License-Identifier: Apache-2.0
"""Receiving from a real RabbitMQ whatever anybody may publish, and through its faults."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import amqp
import pytest

from bridge.intake import broker, suspects
from bridge.intake.broker import BrokerSource
from bridge.intake.suspects import FEW, Suspects
from bridge.service import connecting
from bridge.service.order import ordered_queue
from bridge.settings import BusSettings
from bridge.store.suspects import SuspectStore
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.dial import client_of
from notifier.topology import BRIDGE_QUEUE, DEAD_EXCHANGE, EXCHANGE, QUARANTINE_QUEUE
from tests.contract.sources import BrokerSide, Taken, consuming
from tests.loops import on_loop, until
from tests.servers.proxy import Proxy
from tests.stored import NOW

KEY = "task.failed.default.-.-.charge"
BODY = b"no JSON \xff"
NOT_UTF_8 = "body: is not UTF-8"
UNREADABLE = "properties: cannot be read"
BEYOND_HEARTBEATS_SECONDS = 3.5


def an_event(name):
    return Event.new("task.failed", event_id=name, execution="e1", task="charge")


@pytest.fixture
def side(amqp_url):
    side = BrokerSide(amqp_url)
    side.publish(an_event("first"))  # declares what is missing
    yield side
    side.close()


async def quarantined(channel):
    return await until(lambda: channel.basic_get(QUARANTINE_QUEUE, no_ack=True))


@pytest.mark.parametrize(
    ("key", "members", "reason"),
    [
        (KEY, {"message_id": b"\xff"}, UNREADABLE),
        (KEY, {"type": b"\xff\xfe"}, UNREADABLE),
        (KEY, {"application_headers": {b"\xff": "x"}}, "cannot be read: TypeError"),
        (b"task.\xff", {}, NOT_UTF_8),
        (b"\xff" * 255, {}, NOT_UTF_8),
        (b"task.\xed\xa0\x80", {}, "routing_key: is not UTF-8"),
        (KEY, {"expiration": "86400000"}, NOT_UTF_8),
        (KEY, {"user_id": "guest"}, NOT_UTF_8),
        (KEY, {"application_headers": {"n": [1, {"x": None}]}}, NOT_UTF_8),
        (KEY, {"application_headers": {"h": "x" * 130_000}}, NOT_UTF_8),
    ],
    ids=[
        *("id", "type", "header", "key", "long-key", "surrogate"),
        *("expiring", "signed", "nested", "large"),
    ],
)
@on_loop
async def test_what_is_no_event_is_set_aside_and_the_next_one_comes(
    side, channel, key, members, reason
):
    async with consuming(side) as (_, taken):
        await taken.until_there_are(1)
        channel.basic_publish(amqp.Message(BODY, **members), EXCHANGE, key)
        side.publish(an_event("next"))

        assert await taken.until_there_are(2) == ["first", "next"]
        copy = await quarantined(channel)
        await taken.settle(*taken.received)

    assert bytes(copy.body) == BODY
    assert copy.headers["reason"] == reason
    assert "expiration" not in copy.properties
    assert channel.basic_get(BRIDGE_QUEUE) is None


@on_loop
async def test_what_cannot_be_set_aside_holds_up_no_end_and_is_not_lost(side, channel):
    async with consuming(side) as (_, taken):
        await taken.until_there_are(1)
        channel.exchange_delete(DEAD_EXCHANGE)
        channel.basic_publish(amqp.Message(BODY), EXCHANGE, KEY)
        side.publish(an_event("next"))
        await taken.until_there_are(2)
        began = asyncio.get_running_loop().time()

    assert asyncio.get_running_loop().time() - began < broker.LONGEST_PAUSE_SECONDS
    async with consuming(side):  # which declares the exchange again
        copy = await quarantined(channel)
    assert bytes(copy.body) == BODY


@on_loop
async def test_a_queue_that_was_deleted_is_declared_again_and_consumed(side, channel):
    async with consuming(side) as (source, taken):
        await taken.until_there_are(1)

        channel.queue_delete(BRIDGE_QUEUE)
        await until(lambda: not source.is_consuming)
        await until(lambda: source.is_consuming)

        side.publish(an_event("next"))
        assert await taken.until_there_are(2) == ["first", "next"]


@on_loop
async def test_after_a_lost_connection_what_was_not_settled_comes_again(side, amqp_url):
    with Proxy(amqp_url) as proxy:
        through = BrokerSide(proxy.url)
        async with consuming(through) as (source, taken):
            (first,) = await taken.until_there_are(1) and taken.received
            proxy.reset()
            await taken.until_there_are(2)
            await taken.settle(first)  # too late: the broker has taken it back
            await taken.settle(taken.received[1])
            assert source.is_consuming
        through.close()

    side.publish(an_event("next"))
    async with consuming(side) as (_, again):
        assert await again.until_there_are(1) == ["next"]
    assert [one.is_repeat for one in taken.received] == [False, True]


@on_loop
async def test_a_source_that_finds_no_broker_can_be_stopped(side):
    source, taken = BrokerSide("amqp://127.0.0.1:9/").open(), Taken(side.record)
    running = asyncio.create_task(source.run(taken))
    await asyncio.sleep(0)

    await source.stop()

    await asyncio.wait_for(running, broker.LONGEST_PAUSE_SECONDS)
    await source.close()


@on_loop
async def test_a_source_that_is_stopped_while_it_connects_lets_go(side):
    connections = []
    connecting, may_connect = threading.Event(), threading.Event()

    def connect():
        connecting.set()
        may_connect.wait(broker.LONGEST_PAUSE_SECONDS)
        connections.append(client_of(side.url).transport.establish_connection())
        return connections[0]

    taken = Taken(side.record)
    source = BrokerSource(
        connect,
        queue=BRIDGE_QUEUE,
        prefetch=1,
        set_aside=asyncio.sleep,
        reply=print,
    )
    running = asyncio.create_task(source.run(taken))
    await until(connecting.is_set)

    await source.stop()
    may_connect.set()
    await running

    assert not connections[0].connected
    assert taken.received == []


@on_loop
async def test_a_source_lets_go_of_a_connection_that_is_of_no_use(side):
    connections = []

    def connect():
        connections.append(client_of(side.url).transport.establish_connection())
        return connections[-1]

    source = BrokerSource(
        connect,
        queue=BRIDGE_QUEUE,
        prefetch=-1,
        set_aside=asyncio.sleep,
        reply=print,
    )
    running = asyncio.create_task(source.run(Taken(side.record)))
    await until(lambda: len(connections) > 1)
    assert not source.is_consuming

    await source.stop()
    await running

    assert not any(one.connected for one in connections)


@on_loop
async def test_a_stopped_source_keeps_its_connection_for_the_last_settlings(
    side, monkeypatch
):
    """However long the last attempts take: the heart goes on beating."""
    monkeypatch.setattr(connecting, "HEARTBEAT_SECONDS", 1)
    async with consuming(side) as (source, taken):
        await taken.until_there_are(1)
        await source.stop()
        await asyncio.sleep(BEYOND_HEARTBEATS_SECONDS)  # it is about time that passes
        await taken.settle(*taken.received)

    side.publish(an_event("next"))
    async with consuming(side) as (_, taken):
        assert await taken.until_there_are(1) == ["next"]


class Deadly:
    """Bridges that put events in order, one after the other: a deadly one kills each.

    Attributes:
        numbered: Events that were, in their order.
        convicted: Why an event was set aside.
        deaths: How many bridges died.
    """

    def __init__(self, database, url, deadly):
        self.numbered = {}
        self.convicted = []
        self.deaths = 0
        self._database = database
        self._url = url
        self._deadly = deadly

    async def live(self, count):
        """Number so many events all in all; begin again whenever the bridge dies."""
        while len(self.numbered) < count:
            if not await self._live_once(count):
                self.deaths += 1

    async def _live_once(self, count):
        died = asyncio.Event()

        async def set_aside(stray):
            self.convicted.append(stray.reason)

        def number(received):
            if died.is_set():
                return
            if received.envelope.event.id == self._deadly:
                died.set()
            else:
                # An ack may be lost with the connection; who has a place keeps it.
                self.numbered[received.envelope.event.id] = None
                received.settle()

        with ThreadPoolExecutor(1) as executor, AmqpPublisher(self._url) as sender:
            store = SuspectStore(self._database, f"bridge {self.deaths}")
            in_order = Suspects(store, executor, lambda: NOW, in_order=True)
            queue = ordered_queue(BusSettings(), self._url, sender, in_order)
            source = queue.source(set_aside)
            running = asyncio.create_task(source.run(number))
            await until(lambda: died.is_set() or len(self.numbered) >= count)
            await in_order.close()  # before it stops: who dies takes no mark away
            await source.stop()
            await source.close()
            await running
        return not died.is_set()


@on_loop
async def test_what_kills_who_puts_events_in_order_is_found_out_and_order_is_kept(
    side, amqp_url, database, monkeypatch
):
    monkeypatch.setattr(suspects, "LAST_WORD_SECONDS", 0.01)
    names = [f"{number:02}" for number in range(2 * FEW)]
    deadly = names[FEW + 3]
    with AmqpPublisher(amqp_url) as sender:  # declares the queue
        queue = ordered_queue(BusSettings(), amqp_url, sender, None).source(None)
        running = asyncio.create_task(queue.run(lambda _: None))
        await until(lambda: queue.is_consuming)
        await queue.stop()
        await queue.close()
        await running
    side.publish(*(an_event(name) for name in names))

    bridges = Deadly(database, amqp_url, deadly)
    await bridges.live(len(names) - 1)

    assert bridges.deaths <= 5
    assert list(bridges.numbered) == [name for name in names if name != deadly]
    assert len(bridges.convicted) == 1
    assert "died 3 times" in bridges.convicted[0]
