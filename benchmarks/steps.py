# SPDX-License-Identifier: Apache-2.0
"""What each step of an event's way through the bridge costs: ``python -m benchmarks.steps``.

Messages, as a broker frames them, go through the parts of a bridge to a receiver in a
process of its own, and are settled as if they had been recorded. Measured once as it is,
once with a profiler, which says how the time is shared out. Takes half a minute. Broker
and database are left out: ``make bench`` has the whole.
"""

import asyncio
import cProfile
import os
import pstats
import struct
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import amqp
import uvloop

from benchmarks.messages import WORKBOOK, Sendable, made
from benchmarks.receiver import Receiver
from bridge import logs
from bridge.callbacks.direct.client import DirectCallback
from bridge.callbacks.guard import Guard
from bridge.delivery.dispatcher import Dispatcher
from bridge.delivery.recorder import Recorder
from bridge.delivery.terms import Patience, Reports
from bridge.intake.intake import Intake
from bridge.intake.message import Message
from bridge.intake.reading import read_event
from bridge.intake.source import Received
from bridge.intake.stream import Stream
from bridge.intake.window import Window
from bridge.model import CallbackSpec
from bridge.routing.router import Router
from bridge.service import garbage
from bridge.store.listeners import Changes
from bridge.telemetry import Telemetry
from tests.stored import a_listener

EVENTS: Final = 6000
OPEN: Final = 500
"""So many are on their way, as a prefetch has it."""

# The first that a file's path holds.
STEPS: Final = (
    ("read frames and headers", ("intake/stream", "intake/properties", "amqp/")),
    ("read the event", ("notifier/event", "notifier/texts", "wire/body", "wire/amqp",
                        "intake/reading", "json/")),
    ("take it in, once", ("bridge/intake/",)),
    ("who listens", ("bridge/routing/",)),
    ("sign", ("callbacks/signing", "bridge/verify", "hmac")),
    ("write the request", ("direct/head", "notifier/wire/")),
    ("send it, read the answer", ("bridge/callbacks/", "http/")),
    ("lanes, limits, what follows", ("bridge/delivery/", "dataclasses")),
    ("deliveries and attempts", ("bridge/model/",)),
    ("count and log", ("bridge/telemetry", "bridge/logs", "notifier/logs", "logging/")),
)  # fmt: skip
_REST: Final = "all else: the loop, this program"


def main() -> None:
    """Measure, and print a table."""
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - lines are written until the end
    with redirect_stderr(nowhere):
        logs.set_up("INFO", "line")
    with Receiver() as receiver:
        plain = uvloop.run(_carried(receiver.url, None))
        profile = cProfile.Profile(time.thread_time)
        uvloop.run(_carried(receiver.url, profile))
    parts = shares(pstats.Stats(profile))
    print(f"{'µs of processor time an event':<34}{plain:>7.0f}")
    for name in (*(name for name, _ in STEPS), _REST):
        print(f"  {name:<32}{parts[name] * plain:>7.0f}")


def shares(stats: pstats.Stats) -> Counter[str]:
    """Return each step's share of the time; what is built in is its caller's."""
    spent: Counter[str] = Counter()
    known: dict[Any, Any] = stats.stats  # type: ignore[attr-defined] # not in typeshed
    for (file, _, _), (_, _, own, _, callers) in known.items():
        if file != "~":
            spent[_step(file)] += own
        for caller, (_, _, within, _) in callers.items() if file == "~" else ():
            spent[_step(caller[0])] += within
    whole = sum(spent.values())
    return Counter({name: seconds / whole for name, seconds in spent.items()})


def _step(file: str) -> str:
    for name, places in STEPS:
        if any(one in file for one in places):
            return name
    return _REST


@dataclass(slots=True)
class _Shelf:
    """Stands where the database is: knows one listener, and writes nothing."""

    url: str

    def changes(self, _: int) -> Changes:
        callback = CallbackSpec("http", self.url)
        return Changes(1, [a_listener(workbook=WORKBOOK, callback=callback)], [])

    def write(self, _: object) -> None:
        pass


async def _carried(url: str, profile: cProfile.Profile | None) -> float:
    """Return the microseconds of processor time an event that all of them took."""
    loop, telemetry, shelf = asyncio.get_running_loop(), Telemetry(), _Shelf(url)
    router = Router(shelf, None, telemetry.judged)
    await router.refresh()
    callback = DirectCallback(loop, Guard(allow_loopback=True))
    with ThreadPoolExecutor(1) as executor:
        recorder = Recorder(
            shelf, executor, on_health=print, on_unwritable=telemetry.unwritable
        )
        dispatcher = Dispatcher(
            {"http": callback},
            recorder,
            reports=Reports(telemetry.attempted, print, lambda: None, print),
            patience=Patience(),
            now=partial(datetime.now, UTC),
        )
        intake = Intake(
            router,
            dispatcher,
            journal=shelf,
            executor=executor,
            on_taken=telemetry.taken,
            window=Window(),
            unsafe=lambda: 0,
        )
        micros = await _Feeding(intake, profile).all()
        callback.close()
    return micros


class _Feeding:
    """Brings the messages to an intake, never more than `OPEN` at a time."""

    def __init__(self, intake: Intake, profile: cProfile.Profile | None) -> None:
        self._intake = intake
        self._profile = profile
        self._stream = Stream(1, self._take, print)
        self._frames = [_framed(one) for one in made(EVENTS, "event", "bridge")]
        self._settled = 0
        self._end = asyncio.Event()

    async def all(self) -> float:
        garbage.look_seldom()
        if self._profile is not None:
            self._profile.enable()
        began = time.thread_time()
        self._more(OPEN)
        await self._end.wait()
        took = time.thread_time() - began
        if self._profile is not None:
            self._profile.disable()
        return took / EVENTS * 1e6

    def _more(self, count: int) -> None:
        self._intake.tick()  # more may be on their way
        some, self._frames = self._frames[:count], self._frames[count:]
        self._stream.feed(b"".join(some))

    def _take(self, messages: Sequence[Message]) -> None:
        envelopes = [
            read_event(one.properties, one.headers, one.body, one.routing_key)
            for one in messages
        ]
        for one, envelope in zip(messages, envelopes, strict=True):
            self._intake.take(Received(envelope, one.is_repeat, self._settle, print))

    def _settle(self) -> None:
        self._settled += 1
        if self._settled == EVENTS:
            self._end.set()
        elif self._settled % 100 == 0:
            self._more(100)


def _framed(event: Sendable) -> bytes:
    message, key = amqp.Message(event.body, **event.properties), event.routing_key
    properties = message._serialize_properties()  # noqa: SLF001 - no public name
    names = b"".join(
        bytes([len(one)]) + one for one in (b"workflow.events", key.encode())
    )
    deliver = b"\x00\x3c\x00\x3c\x06bridge" + struct.pack(">QB", 1, 0) + names
    header = struct.pack(">HHQ", 60, 0, len(event.body)) + properties
    return b"".join(
        struct.pack(">BHI", kind, 1, len(one)) + one + b"\xce"
        for kind, one in ((1, deliver), (2, header), (3, event.body))
    )


if __name__ == "__main__":
    main()
