# SPDX-License-Identifier: Apache-2.0
"""Events for those who watch in the same process."""

import asyncio

import pytest

from bridge.feed import MAX_WAITING, Feed
from tests.stored import an_envelope


@pytest.fixture
def feed():
    return Feed()


async def ids_of(subscription):
    return [envelope.event.id async for envelope in subscription]


def test_each_watcher_sees_what_its_bindings_accept(feed):
    async def watch():
        with (
            feed.subscribe(["task.failed.acme.#"]) as acme,
            feed.subscribe(["task.started.#", "*.*.default.#"]) as default,
            feed.subscribe(["#"]) as all_there_is,
        ):
            feed.offer(an_envelope("1", project="acme"))
            feed.offer(an_envelope("2"))
            feed.close()
            watchers = (acme, default, all_there_is)
            return [await ids_of(one) for one in watchers]

    assert asyncio.run(watch()) == [["1"], ["2"], ["1", "2"]]


def test_an_event_is_seen_once_though_two_bindings_accept_it(feed):
    async def watch():
        with feed.subscribe(["#", "task.#"]) as watcher:
            feed.offer(an_envelope("1"))
            feed.close()
            return await ids_of(watcher)

    assert asyncio.run(watch()) == ["1"]


def test_a_watcher_that_waits_is_woken(feed):
    async def watch():
        with feed.subscribe(["#"]) as watcher:
            waiting = asyncio.ensure_future(anext(watcher))
            await asyncio.sleep(0)
            assert not waiting.done()
            feed.offer(an_envelope("1"))
            return (await waiting).event.id

    assert asyncio.run(asyncio.wait_for(watch(), 10)) == "1"


def test_a_watcher_that_waits_is_told_of_the_end(feed):
    async def watch():
        with feed.subscribe(["#"]) as watcher:
            waiting = asyncio.ensure_future(ids_of(watcher))
            await asyncio.sleep(0)
            feed.close()
            return await waiting

    assert asyncio.run(asyncio.wait_for(watch(), 10)) == []


def test_waiting_may_be_given_up_and_taken_up_again(feed):
    async def watch():
        with feed.subscribe(["#"]) as watcher:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(watcher), 0.001)
            feed.offer(an_envelope("1"))
            return (await anext(watcher)).event.id

    assert asyncio.run(watch()) == "1"


def test_a_slow_watcher_loses_the_oldest_and_knows_how_many(feed):
    async def watch():
        with feed.subscribe(["#"]) as watcher:
            for number in range(MAX_WAITING + 3):
                feed.offer(an_envelope(str(number)))
            feed.close()
            return watcher.dropped, await ids_of(watcher)

    dropped, seen = asyncio.run(watch())
    assert dropped == 3
    assert seen == [str(number) for number in range(3, MAX_WAITING + 3)]


def test_who_has_left_is_offered_nothing(feed):
    with feed.subscribe(["#"]):
        assert len(feed) == 1

    feed.offer(an_envelope("1"))

    assert len(feed) == 0


def test_who_comes_after_the_end_sees_the_end(feed):
    async def watch():
        feed.close()
        with feed.subscribe(["#"]) as watcher:
            return await ids_of(watcher)

    assert asyncio.run(watch()) == []
