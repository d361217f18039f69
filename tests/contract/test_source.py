# SPDX-License-Identifier: Apache-2.0
"""What every source keeps to: the broker's queue, services, the database's own table."""

import pytest

from bridge.store import schema
from bridge.store.database import Database
from notifier.event import Event
from tests.contract.sources import (
    BOUND,
    BrokerSide,
    InboxSide,
    NotificationSide,
    PlainBrokerSide,
    Taken,
    consuming,
    envelope_of,
)
from tests.loops import on_loop
from tests.stored import Stores


def numbered(first, count=1):
    return [
        Event.new(
            "task.failed",
            event_id=f"{n}",
            execution="e1",
            task="Schlüssel.*#",
            payload=n,
        )
        for n in range(first, first + count)
    ]


def ids(events):
    return [event.id for event in events]


ON_A_BROKER = {
    "broker": BrokerSide,
    "broker-plain": PlainBrokerSide,
    "notifications": NotificationSide,
}


@pytest.fixture(params=["inbox", *ON_A_BROKER])
def side(request, tmp_path, monkeypatch):
    if request.param in ON_A_BROKER:
        side = ON_A_BROKER[request.param](request.getfixturevalue("amqp_url"))
        yield side
        side.close()
        return
    with Database(f"sqlite:///{tmp_path}/bridge.sqlite3") as database:
        schema.migrate(database)
        side = InboxSide(Stores(database), monkeypatch)
        yield side
        side.close()


@on_loop
async def test_events_come_as_they_were_and_in_their_order(side):
    before, after = numbered(0, 5), numbered(5, 5)
    side.publish(*before)
    async with consuming(side) as (_, taken):
        await taken.until_there_are(5)
        side.publish(*after)
        await taken.until_there_are(10)

    envelopes = [one.envelope for one in taken.received]
    assert envelopes == [envelope_of(event) for event in (*before, *after)]


@on_loop
async def test_what_is_settled_never_comes_again(side):
    side.publish(*numbered(0, 5))
    async with consuming(side) as (_, taken):
        await taken.until_there_are(5)
        await taken.settle(*taken.received)

    side.publish(*numbered(5))
    async with consuming(side) as (_, taken):
        assert await taken.until_there_are(1) == ["5"]


@on_loop
async def test_what_is_rejected_never_comes_again(side):
    side.publish(*numbered(0, 5))
    async with consuming(side) as (_, taken):
        await taken.until_there_are(5)
        taken.reject(*taken.received[1:3])
        await taken.settle(taken.received[0], *taken.received[3:])
        await side.until_set_aside(2)

    side.publish(*numbered(5))
    async with consuming(side) as (_, taken):
        assert await taken.until_there_are(1) == ["5"]


@on_loop
async def test_what_is_not_settled_comes_again_as_a_repeat(side):
    side.publish(*numbered(0, 4))
    async with consuming(side) as (_, taken):
        await taken.until_there_are(4)
        await taken.settle(taken.received[1], taken.received[3])

    async with consuming(side) as (_, taken):
        await taken.until_there_are(2)
        side.publish(*numbered(4))
        await taken.until_there_are(3)

    assert [(one.envelope.event.id, one.is_repeat) for one in taken.received] == [
        ("0", True),
        ("2", True),
        ("4", False),
    ]


@on_loop
async def test_so_many_are_in_flight_at_most(side):
    async with consuming(side) as (_, taken):
        side.publish(*numbered(0, BOUND + 3))
        await taken.until_there_are(BOUND)
        assert taken.ids == ids(numbered(0, BOUND))

        await taken.settle(*taken.received[:2])

        await taken.until_there_are(BOUND + 2)
        assert taken.ids == ids(numbered(0, BOUND + 2))


@on_loop
async def test_after_stop_nothing_more_comes_but_settling_still_counts(side):
    side.publish(*numbered(0, 2))
    async with consuming(side) as (source, taken):
        await taken.until_there_are(2)
        await source.stop()
        side.publish(*numbered(2, 2))
        await taken.settle(*taken.received)
    assert taken.ids == ["0", "1"]

    async with consuming(side) as (_, taken):
        await taken.until_there_are(2)
        side.publish(*numbered(4))
        assert await taken.until_there_are(3) == ["2", "3", "4"]


@on_loop
async def test_it_consumes_from_the_start_to_the_stop(side):
    source = side.open()
    assert not source.is_consuming

    async with consuming(side) as (source, _):
        assert source.is_consuming

        await source.stop()
        assert not source.is_consuming


@on_loop
async def test_a_source_may_be_closed_twice_and_without_having_run(side):
    idle = side.open()
    await idle.close()
    await idle.close()

    async with consuming(side) as (source, _):
        await source.stop()
        await source.close()
    await source.close()


@on_loop
async def test_a_source_that_is_stopped_before_it_runs_hands_nothing_on(side):
    side.publish(*numbered(0))
    source, taken = side.open(), Taken(side.record)
    await source.stop()

    await source.run(taken)
    await source.close()

    assert taken.received == []


@on_loop
async def test_many_events_are_settled_while_more_come(side):
    events = numbered(0, 10 * BOUND)
    side.publish(*events)
    async with consuming(side) as (_, taken):
        for start in range(0, len(events), BOUND):
            await taken.until_there_are(start + BOUND)
            await taken.settle(*taken.received[start:])

    assert taken.ids == ids(events)
    async with consuming(side) as (_, taken):
        side.publish(*numbered(999))
        assert await taken.until_there_are(1) == ["999"]
