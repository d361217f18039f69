# SPDX-License-Identifier: Apache-2.0
"""What every publisher keeps to: a broker's, a bridge's door's, and the process's own."""

import os
import threading
import time
from datetime import timedelta

import pytest

from notifier.errors import InvalidEvent, Unreachable, Unroutable
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.http import HttpPublisher
from notifier.publishers.memory import MemoryPublisher
from notifier.publishers.oslo import OsloPublisher
from tests.contract.buses import AmqpBus, HttpBus, MemoryBus, OsloBus, silent_peer

TIMEOUT = timedelta(seconds=20)
SHORT = timedelta(seconds=0.5)
SLACK_SECONDS = 0.6

BUSES = ("amqp", "http", "oslo", "memory")


def numbered(number, execution="e1", **data):
    return Event.new(
        "task.failed",
        event_id=f"{execution}-{number}",
        execution=execution,
        task="charge",
        **data,
    )


def ids(events):
    return [event.id for event in events]


@pytest.fixture
def bus(request):
    match request.param:
        case "amqp":
            bus = AmqpBus(request.getfixturevalue("amqp_url"))
        case "http":
            bus = HttpBus()
        case "oslo":
            bus = OsloBus(request.getfixturevalue("amqp_url"))
        case "memory":
            bus = MemoryBus()
    yield bus
    bus.close()


on_every_bus = pytest.mark.parametrize("bus", BUSES, indirect=True)
on_every_remote_bus = pytest.mark.parametrize("bus", BUSES[:3], indirect=True)


@on_every_bus
def test_an_event_arrives_as_it_was(bus):
    event = Event.new(
        "task.failed",
        execution={"id": "e1", "root_id": "r1", "error": None},
        task={"name": "Schlüssel.*#", "result": [1, 2.5, {"x": None}]},
        project="acme",
        workbook="orders",
        engine="mistral",
        attributes={"traceparent": "00-ab-cd-01", "sequence": "7"},
        payload="語" * 100,
    )

    bus.publisher.publish([event], timeout=TIMEOUT)

    (arrived,) = bus.arrived(1)
    assert arrived == event


@on_every_bus
def test_an_event_of_almost_a_mebibyte_arrives(bus):
    event = numbered(1, payload="x" * (1024 * 1024 - 2000))

    bus.publisher.publish([numbered(0), event, numbered(2)], timeout=TIMEOUT)

    assert bus.arrived(3)[1] == event


@on_every_bus
def test_one_call_brings_its_events_in_their_order(bus):
    events = [numbered(n, f"e{n % 3}") for n in range(2500)]

    bus.publisher.publish(events, timeout=TIMEOUT)

    arrived = bus.arrived(len(events))
    assert ids(arrived) == ids(events)


@on_every_bus
def test_calls_of_one_thread_bring_their_events_in_their_order(bus):
    events = [numbered(n) for n in range(30)]

    for event in events:
        bus.publisher.publish([event], timeout=TIMEOUT)

    assert ids(bus.arrived(len(events))) == ids(events)


@on_every_bus
def test_32_threads_share_a_publisher(bus):
    events = {t: [numbered(n, f"e{t}") for n in range(8)] for t in range(32)}

    def publish(mine):
        for event in mine:
            bus.publisher.publish([event], timeout=TIMEOUT)

    threads = [threading.Thread(target=publish, args=(e,)) for e in events.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    arrived = bus.arrived(32 * 8)
    assert len(arrived) == 32 * 8
    for thread, mine in events.items():
        assert ids(e for e in arrived if e.execution_id == f"e{thread}") == ids(mine)


@on_every_bus
def test_an_event_that_does_not_fit_keeps_the_others_back(bus):
    good, bad = numbered(1), numbered(2, payload=float("nan"))

    with pytest.raises(InvalidEvent) as caught:
        bus.publisher.publish([good, bad], timeout=TIMEOUT)

    bus.publisher.publish([numbered(3)], timeout=TIMEOUT)
    assert caught.value.field == "data"
    assert ids(bus.arrived(1)) == ["e1-3"]


@on_every_bus
def test_nothing_can_be_published(bus):
    bus.publisher.publish([], timeout=TIMEOUT)


@on_every_bus
def test_a_closed_publisher_says_so(bus):
    bus.publisher.publish([numbered(1)], timeout=TIMEOUT)
    bus.publisher.close()
    bus.publisher.close()

    with pytest.raises(Unreachable, match="closed") as caught:
        bus.publisher.publish([numbered(2), numbered(3)], timeout=TIMEOUT)

    assert caught.value.event_ids == ("e1-2", "e1-3")


@pytest.mark.parametrize("name", ["amqp", "memory"])
def test_an_event_that_nobody_would_see_is_an_error(name, request):
    if name == "amqp":
        url = request.getfixturevalue("amqp_url")
        publisher = AmqpPublisher(url, bridge_queue=None)
    else:
        publisher = MemoryPublisher()
        publisher.bind("execution.#", lambda _: None)

    with pytest.raises(Unroutable, match=r"task\.failed") as caught:
        publisher.publish([numbered(1), numbered(2)], timeout=TIMEOUT)

    publisher.close()
    assert caught.value.event_ids == ("e1-1", "e1-2")


@pytest.mark.parametrize(
    "publisher_at",
    [
        lambda port: AmqpPublisher(f"amqp://me:secret@127.0.0.1:{port}/"),
        lambda port: HttpPublisher(f"http://me:secret@127.0.0.1:{port}"),
        lambda port: OsloPublisher(f"rabbit://me:secret@127.0.0.1:{port}/"),
    ],
    ids=["amqp", "http", "oslo"],
)
def test_a_silent_peer_holds_nobody_longer_than_the_timeout(publisher_at):
    with silent_peer() as port:
        publisher = publisher_at(port)
        started = time.monotonic()

        with pytest.raises(Unreachable) as caught:
            publisher.publish([numbered(1), numbered(2)], timeout=SHORT)

        took = time.monotonic() - started
        publisher.close()
    assert took < SHORT.total_seconds() + SLACK_SECONDS
    assert caught.value.event_ids == ("e1-1", "e1-2")
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "secret" not in f"{caught.value!s} {caught.value!r} {publisher!r}"


@on_every_remote_bus
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_and_its_parent_publish_side_by_side(bus):
    bus.publisher.publish([numbered(1)], timeout=TIMEOUT)

    child = os.fork()
    if child == 0:
        status = 1
        try:
            bus.publisher.publish([numbered(2)], timeout=TIMEOUT)
            bus.publisher.close()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    bus.publisher.publish([numbered(3)], timeout=TIMEOUT)

    assert status == 0
    assert ids(bus.arrived(3)) == ["e1-1", "e1-2", "e1-3"]
