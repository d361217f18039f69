# SPDX-License-Identifier: Apache-2.0
"""Who is marked when a bridge dies, who is blamed for it, and who goes free."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.intake.suspects import (
    FEW,
    Suspect,
    Suspects,
    fingerprint,
    is_suspect,
)
from bridge.store.suspects import SuspectStore
from tests.loops import on_loop, until
from tests.stored import MINUTE, NOW

DAY = 24 * 60 * MINUTE


class Bridge:
    """A bridge that handles suspects, until it dies.

    Attributes:
        handled: In their order, as often as they came.
        open: What ends the handling of those that are being handled.
        convicted: Name to reason.
    """

    def __init__(self, database, owner):
        self.store = SuspectStore(database, owner)
        self.handled = []
        self.open = {}
        self.convicted = {}
        self.lost = set()
        self._executor = ThreadPoolExecutor(1)
        self._suspects = Suspects(self.store, self._executor, lambda: NOW)

    def take(self, *names):
        for name in names:
            self._suspects.take(
                Suspect(
                    name,
                    is_gone=lambda n=name: n in self.lost,
                    handle=lambda done, n=name: self._handle(n, done),
                    convict=lambda reason, done, n=name: self._convict(n, reason, done),
                )
            )

    async def until_open(self, *names):
        await until(lambda: sorted(self.open) == sorted(names))

    def end(self, *names):
        """End the handling of some."""
        for name in names:
            self.open.pop(name)()

    async def close(self):
        """Die, or end; who is open stays so."""
        await self._suspects.close()
        self._executor.shutdown()

    def _handle(self, name, done):
        self.handled.append(name)
        self.open[name] = done

    def _convict(self, name, reason, done):
        self.convicted[name] = reason
        done()


@pytest.fixture
def bridges(database):
    """Bridges of a name, on one database."""
    return lambda owner: Bridge(database, owner)


@on_loop
async def test_nobody_is_touched_before_they_are_marked(bridges):
    bridge, other = bridges("one"), bridges("other")
    bridge.take("a", "b")

    await bridge.until_open("a", "b")

    assert other.store.crashes(["a", "b", "c"]) == {"a": 1, "b": 1}
    assert bridge.store.crashes(["a", "b", "c"]) == {}
    bridge.end("a", "b")
    await until(lambda: other.store.crashes(["a", "b"]) == {})
    await bridge.close()
    await other.close()


@on_loop
async def test_a_few_are_handled_at_a_time_and_all_in_the_end(bridges):
    bridge = bridges("one")
    names = [f"{number:03}" for number in range(FEW + 2)]
    bridge.take(*names)

    await bridge.until_open(*names[:FEW])
    bridge.end(*names[: FEW - 1])
    assert bridge.handled == names[:FEW]
    bridge.end(names[FEW - 1])

    await bridge.until_open(*names[FEW:])
    bridge.end(*names[FEW:])
    await bridge.close()


@on_loop
async def test_only_who_is_marked_whenever_a_bridge_dies_is_convicted(bridges):
    good, killer, kind = names = ("good", "killer", "kind")
    first = bridges("first")
    first.take(*names)
    await first.until_open(*names)
    await first.close()

    second = bridges("second")
    second.take(*names)  # each alone, from now on
    await second.until_open(good)
    second.end(good)
    await second.until_open(killer)
    await second.close()

    third = bridges("third")
    third.take(killer, kind)
    await third.until_open(killer)
    await third.close()
    assert first.convicted | second.convicted | third.convicted == {}

    last = bridges("last")
    last.take(killer, kind)
    await last.until_open(kind)
    assert list(last.convicted) == [killer]
    assert "died 3 times" in last.convicted[killer]
    last.end(kind)
    await until(lambda: last.store.crashes([killer, kind]) == {})
    await last.close()


@on_loop
async def test_who_came_back_because_a_connection_was_lost_is_not_blamed(bridges):
    bridge = bridges("one")
    bridge.take("a")
    await bridge.until_open("a")

    bridge.take("a", "b")  # the same message, once more
    bridge.end("a")
    await bridge.until_open("a", "b")

    assert bridge.store.crashes(["a", "b"]) == {}
    bridge.end("a", "b")
    await bridge.close()


@on_loop
async def test_who_is_gone_is_not_handled(bridges):
    bridge = bridges("one")
    bridge.lost.add("a")
    bridge.take("a", "b")

    await bridge.until_open("b")
    assert bridge.handled == ["b"]
    bridge.end("b")
    await bridge.close()


@on_loop
async def test_a_mark_that_nobody_asks_for_any_more_goes(bridges):
    store, other = bridges("one").store, bridges("other").store
    await asyncio.to_thread(store.mark, {"old": 1}, NOW - DAY - MINUTE)
    await asyncio.to_thread(store.mark, {"young": 1}, NOW)

    assert other.crashes(["old", "young"]) == {"young": 2}


@pytest.mark.parametrize(
    ("headers", "is_one"),
    [
        ({"x-delivery-count": 1}, False),
        ({"x-delivery-count": 2}, True),
        ({"x-delivery-count": "1"}, True),
        ({}, True),
    ],
    ids=["quorum-once", "quorum-twice", "nonsense", "classic"],
)
def test_who_came_back_twice_or_who_knows_how_often_is_suspected(headers, is_one):
    assert is_suspect(headers) is is_one


def test_a_message_is_known_by_all_that_the_broker_keeps_of_it():
    same = fingerprint("key", {"message_id": "1"}, b"body")

    assert fingerprint("key", {"message_id": "1", "x": 2}, b"body") == same
    others = [
        fingerprint("other", {"message_id": "1"}, b"body"),
        fingerprint("key", {"message_id": b"\xff"}, b"body"),
        fingerprint("\ud800", {}, b"body"),
        fingerprint("key", {"message_id": "1"}, b"another"),
    ]
    assert len({same, *others}) == 5
