# SPDX-License-Identifier: Apache-2.0
"""Runs webhooks' attempts and waits for what comes of them."""

import asyncio
import socket
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

from bridge.callbacks.direct.client import DirectCallback
from bridge.callbacks.guard import Guard
from bridge.callbacks.http import HttpCallback
from bridge.model import Outcome
from tests.calls import a_call, a_webhook

LOOPBACK = Guard(allow_loopback=True)
PATIENCE_SECONDS = 10


class Client(NamedTuple):
    """How a client is made, and how its limit of attempts at a time is called."""

    build: Any
    limit: str


CLIENTS = {
    "threads": Client(HttpCallback, "threads"),
    "loop": Client(DirectCallback, "connections"),
}
chosen = "threads"


def looks_up(*addresses):
    """Return a resolver that knows one answer for every name."""

    def lookup(_host, port, **_: Any):
        family = socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return lookup


@dataclass(frozen=True)
class Told:
    outcome: Outcome
    elapsed: float


class Teller:
    """A client for webhooks on a loop, for the length of a context.

    Args:
        guard: Of the client.
        at_once: So many attempts.
        **options: Of the client, beyond.
    """

    def __init__(self, guard=LOOPBACK, *, at_once=64, **options):
        self._runner = asyncio.Runner()
        client = CLIENTS[chosen]
        options[client.limit] = at_once
        self.callback = client.build(self._runner.get_loop(), guard, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.callback.close()
        self._runner.close()

    def tell(self, url, *, seconds=5, **members):
        """Tell one webhook and return what came of it."""
        return self.tell_all([a_call(a_webhook(url, **members), seconds=seconds)])[0]

    def tell_all(self, calls, and_then=lambda: None):
        """Tell several at a time; call `and_then` once they are under way."""
        return self._runner.run(self._tell_all(calls, and_then))

    async def _tell_all(self, calls, and_then):
        loop = asyncio.get_running_loop()
        futures = []
        for call in calls:
            future = loop.create_future()
            started = time.monotonic()

            def done(outcome, future=future, started=started):
                future.set_result(Told(outcome, time.monotonic() - started))

            self.callback.submit(call, done)
            futures.append(future)
        await loop.run_in_executor(None, and_then)
        return await asyncio.wait_for(asyncio.gather(*futures), PATIENCE_SECONDS)


def tell(url, *, seconds=5, guard=LOOPBACK, ca_bundle=None, **members):
    """Tell one webhook with a callback of its own."""
    with Teller(guard, ca_bundle=ca_bundle) as teller:
        return teller.tell(url, seconds=seconds, **members)
