# SPDX-License-Identifier: Apache-2.0
"""Without a broker, an event that kills who numbers it is found out, and order is kept."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from bridge.intake import suspects
from bridge.intake.care import Care
from bridge.intake.ordering import Ordering
from bridge.intake.suspects import FEW, Suspects
from bridge.service.bus import memory_bus
from bridge.store.suspects import SuspectStore
from tests.loops import on_loop, until
from tests.stored import NOW, a_listener, an_envelope

NAMES = [f"{number:02}" for number in range(2 * FEW)]
DEADLY = NAMES[FEW + 3]


class Deadly:
    """Bridges that number events, one after the other: a deadly one kills each.

    Attributes:
        came: Events that came after they were numbered, of the latest bridge.
        deaths: How many bridges died.
    """

    has_ordered = True

    def __init__(self, stores):
        self.came = []
        self.deaths = 0
        self._stores = stores
        self._listener = a_listener(ordered=True)
        self._is_dead = False

    def match_ordered(self, event, matched):
        """Die of the deadly one, as who routes it would."""
        self._is_dead = self._is_dead or event.id == DEADLY
        if not self._is_dead:
            matched([self._listener])

    async def live(self):
        """Number all but one; begin again whenever the bridge dies."""
        while await self._dies():
            self.deaths += 1

    async def _dies(self):
        self._is_dead, self.came = False, []
        store = SuspectStore(self._stores.database, f"bridge {self.deaths}")
        with ThreadPoolExecutor(1) as executor:
            source = memory_bus(
                self._stores.events, self._stores.quarantine, executor
            ).source
            beside = Suspects(store, executor, lambda: NOW)
            in_order = Suspects(store, executor, lambda: NOW, in_order=True)
            care = Care(beside, in_order)
            ordering = Ordering(
                self,
                self._stores.sequences,
                None,
                care=care,
                executor=executor,
                now=lambda: NOW,
                on_numbered=lambda: None,
            )
            take = ordering.before(self._take)
            running = asyncio.create_task(source.run(take))
            await until(lambda: self._is_dead or len(self.came) == len(NAMES) - 1)
            for some in (in_order, beside):
                await some.close()  # not its care: who dies takes no mark away
            await source.stop()
            await running
        return self._is_dead

    def _take(self, received):
        self.came.append(received.envelope.event.id)


@on_loop
async def test_what_kills_who_numbers_it_is_found_out_and_order_is_kept(
    stores, monkeypatch
):
    monkeypatch.setattr(suspects, "LAST_WORD_SECONDS", 0.01)
    stores.events.accept([an_envelope(name) for name in NAMES], NOW)

    bridges = Deadly(stores)
    await bridges.live()

    assert bridges.deaths <= 5
    (aside,) = stores.quarantine.find(limit=2)
    assert aside.headers["cloudEvents_id"] == DEADLY
    assert "died 3 times" in aside.reason
    others = [name for name in NAMES if name != DEADLY]
    assert bridges.came == others
    numbered = stores.deliveries.find(limit=100)
    assert [
        one.event_id for one in sorted(numbered, key=lambda d: d.position)
    ] == others
