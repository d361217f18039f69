# SPDX-License-Identifier: Apache-2.0
"""The bus in the bridge's process: its table is its queue."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bridge.intake import inbox
from bridge.service.bus import memory_bus
from notifier.errors import Conflict, Refused
from notifier.event import Event
from tests.contract.sources import Taken
from tests.loops import on_loop, until
from tests.stored import NOW, an_envelope

TIMEOUT = timedelta(seconds=5)


def an_event(**members):
    return Event.new("task.failed", event_id="1", execution="e1", task="t", **members)


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as executor:
        yield executor


async def nothing(_):
    """Record nothing."""


@on_loop
async def test_what_is_published_twice_comes_once(stores, executor):
    bus = memory_bus(stores.events, stores.quarantine, executor)
    event = an_event()

    for _ in range(2):
        bus.publisher.publish([event], timeout=TIMEOUT)

    assert len(stores.events.queued(10)) == 1


@on_loop
async def test_another_body_under_the_same_id_is_refused(stores, executor):
    bus = memory_bus(stores.events, stores.quarantine, executor)
    bus.publisher.publish([an_event()], timeout=TIMEOUT)

    with pytest.raises(Conflict, match="known with another body"):
        bus.publisher.publish([an_event(payload="other")], timeout=TIMEOUT)


@on_loop
async def test_what_the_database_refuses_is_not_confirmed(stores, executor):
    bus = memory_bus(stores.events, stores.quarantine, executor)
    with stores.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE events RENAME TO hidden")

    with pytest.raises(Refused):
        bus.publisher.publish([an_event()], timeout=TIMEOUT)


@on_loop
async def test_it_does_not_consume_while_the_database_refuses(
    stores, executor, monkeypatch
):
    monkeypatch.setattr(inbox, "POLL_SECONDS", 0.05)
    with stores.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE events RENAME TO hidden")
    bus, taken = memory_bus(stores.events, stores.quarantine, executor), Taken(nothing)
    running = asyncio.create_task(bus.source.run(taken))

    for before, after in (("hidden", "events"), ("events", "hidden")) * 2:
        with stores.database.write() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")
        await until(lambda after=after: bus.source.is_consuming == (after == "events"))

    await bus.source.stop()
    await running


@on_loop
async def test_what_a_former_bridge_may_have_died_of_is_suspect_and_holds_nobody_up(
    stores, executor, monkeypatch
):
    monkeypatch.setattr(inbox, "MAX_OPEN", 2)
    envelopes = [an_envelope(str(number)) for number in range(3)]
    stores.events.accept(envelopes, NOW)
    bus, taken = memory_bus(stores.events, stores.quarantine, executor), Taken(nothing)
    running = asyncio.create_task(bus.source.run(taken))

    ids = await taken.until_there_are(3)

    assert ids == ["0", "1", "2"]  # the third is beside the two that may be in flight
    assert [one.is_suspect for one in taken.received] == [True, True, False]
    assert all(one.is_repeat for one in taken.received)
    await bus.source.stop()
    await running
